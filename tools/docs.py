"""Generate `docs/reference` from settings, errors, metrics, protos and benchmarks."""

import argparse
import ast
import importlib
import inspect
import itertools
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from google.protobuf.descriptor_pb2 import (
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)
from grpc_tools import protoc
from prometheus_client.metrics import MetricWrapperBase
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from brickwork_sdk.errors import Reason

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
REFERENCE = ROOT / "docs" / "reference"

# Numbers of fields in descriptor.proto, of which the path of a comment is made.
FILE_MESSAGE, FILE_ENUM, FILE_SERVICE = 4, 5, 6
SERVICE_METHOD = MESSAGE_FIELD = ENUM_VALUE = 2

HEAD_OF_BENCHMARKS = ("What", "Value", "Bound", "Holds", "Conditions")


def attribute_docstrings(owner: type) -> dict[str, str]:
    """Read the sentences written below the attributes of a class, by attribute."""
    (definition,) = ast.parse(inspect.getsource(owner)).body
    assert isinstance(definition, ast.ClassDef)
    found: dict[str, str] = {}
    for attribute, below in itertools.pairwise(definition.body):
        match attribute, below:
            case (
                ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(sentence))),
            ):
                found[name] = " ".join(sentence.split())
    return found


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Render rows as a Markdown table."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in rows:
        lines.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |")
    return lines


def settings_classes() -> Iterator[tuple[str, type[BaseSettings]]]:
    """Yield the package of each process that has settings, and their class."""
    for path in sorted(ROOT.glob("[a-z]*/**/src/brickwork_*/settings.py")):
        module = importlib.import_module(f"{path.parent.name}.settings")
        for _, value in inspect.getmembers(module, inspect.isclass):
            here = value.__module__ == module.__name__
            if here and issubclass(value, BaseSettings) and value.model_config.get("env_prefix"):
                yield path.parent.name, value


def settings_rows(owner: type[BaseSettings]) -> Iterator[tuple[str, ...]]:
    """Yield variable, default and meaning of each setting.

    Raises:
        SystemExit: a setting has no sentence below it.
    """
    prefix = str(owner.model_config["env_prefix"])
    for name, field in owner.model_fields.items():
        if field.description is None:
            sys.exit(f"docs: {owner.__module__}.{owner.__name__}.{name} has no docstring")
        if field.default is not PydanticUndefined:
            default = f"`{field.default}`" if field.default not in ("", None) else "none"
        else:
            default = "computed" if field.default_factory is not None else "required"
        yield f"`{(prefix + name).upper()}`", default, " ".join(field.description.split())


def settings_page() -> str:
    """Render every setting of every dist."""
    lines = ["# Settings", "", "Each is a variable of the environment, read once at the start."]
    for dist, owner in settings_classes():
        summary = inspect.getdoc(owner) or ""
        lines += ["", f"## {dist}", "", summary.splitlines()[0], ""]
        lines += table(("Variable", "Default", "Meaning"), settings_rows(owner))
    return "\n".join(lines) + "\n"


def errors_page() -> str:
    """Render the catalogue of errors."""
    sentences = attribute_docstrings(Reason)
    missing = [reason.name for reason in Reason if reason.name not in sentences]
    if missing:
        sys.exit(f"docs: reasons without a sentence: {', '.join(missing)}")
    rows = [(f"`{reason}`", sentences[reason.name]) for reason in Reason]
    intro = "Every error of every service has one of these reasons, as `google.rpc.ErrorInfo`."
    return "\n".join(["# Errors", "", intro, "", *table(("Reason", "Meaning"), rows)]) + "\n"


class DeclaredMetric(NamedTuple):
    """A metric as its module declares it; `name` is what Prometheus stores."""

    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str


def declared_metrics() -> dict[str, list[DeclaredMetric]]:
    """Return what each package declares, in its order: the floor first, then every dist."""
    modules = ["brickwork_sdk.telemetry.metrics"]
    for path in sorted(ROOT.glob("[a-z]*/**/src/brickwork_*/metrics.py")):
        modules.append(f"{path.parent.name}.metrics")
    return {
        name.partition(".")[0]: [
            DeclaredMetric(
                metric.name + ("_total" if metric.type == "counter" else ""),
                metric.type,
                tuple(each._labelnames),
                metric.documentation,
            )
            for each in vars(importlib.import_module(name)).values()
            if isinstance(each, MetricWrapperBase)
            for metric in each.describe()
        ]
        for name in modules
    }


def metrics_page() -> str:
    """Render every metric of every dist."""
    lines = ["# Metrics", ""]
    lines += ["What `/metrics` tells, besides what every Python process tells of itself. How they"]
    lines += ["are named: [ADR 43](../adr/0043-metrics-and-labels.md)."]
    for package, metrics in declared_metrics().items():
        rows = [
            (f"`{each.name}`", each.kind, ", ".join(each.labels) or "none", each.meaning)
            for each in metrics
        ]
        lines += ["", f"## {package}", ""]
        lines += table(("Metric", "Type", "Labels", "Meaning"), rows)
    return "\n".join(lines) + "\n"


def proto_files() -> list[FileDescriptorProto]:
    """Compile our protos to descriptors that keep the comments."""
    sources = sorted(str(path) for path in PROTOS.glob("brickwork/*/*/*.proto"))
    with tempfile.TemporaryDirectory() as scratch:
        image = Path(scratch) / "image.binpb"
        arguments = ["protoc", f"-I{PROTOS}", f"-I{Path(protoc.__file__).parent / '_proto'}"]
        arguments += ["--include_source_info", f"--descriptor_set_out={image}", *sources]
        if protoc.main(arguments) != 0:
            sys.exit("docs: protoc refused the protos; its message is above")
        return list(FileDescriptorSet.FromString(image.read_bytes()).file)


def comments(file: FileDescriptorProto) -> dict[tuple[int, ...], str]:
    """Return the leading comment of each element, by its path in the descriptor."""
    return {
        tuple(place.path): " ".join(place.leading_comments.split()).replace("*", "\\*")
        for place in file.source_code_info.location
    }


def kind(field: FieldDescriptorProto) -> str:
    """Name the type of a field as its proto file does."""
    scalar = FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()
    name = field.type_name.rsplit(".", 1)[-1] or scalar
    if field.label == FieldDescriptorProto.LABEL_REPEATED:
        return f"repeated {name}"
    return f"optional {name}" if field.proto3_optional else name


def rpc_lines(file: FileDescriptorProto) -> Iterator[str]:
    """Render the services of one proto file, then its messages and its enums."""
    said = comments(file)
    for service_index, service in enumerate(file.service):
        at_service = (FILE_SERVICE, service_index)
        yield from ("", f"### {service.name}", "", said.get(at_service, ""))
        for method_index, method in enumerate(service.method):
            incoming = method.input_type.rsplit(".", 1)[-1]
            outgoing = method.output_type.rsplit(".", 1)[-1]
            asks = f"stream {incoming}" if method.client_streaming else incoming
            answers = f"stream {outgoing}" if method.server_streaming else outgoing
            yield from ("", f"**{method.name}** (`{asks}`) → `{answers}`", "")
            yield said.get((*at_service, SERVICE_METHOD, method_index), "")
    for message_index, message in enumerate(file.message_type):
        at_message = (FILE_MESSAGE, message_index)
        yield from ("", f"#### {message.name}", "", said.get(at_message, ""))
        if message.field:
            rows = [
                (f"`{field.name}`", kind(field), said.get((*at_message, MESSAGE_FIELD, index), ""))
                for index, field in enumerate(message.field)
            ]
            yield from ("", *table(("Field", "Type", "Meaning"), rows))
    for enum_index, enum in enumerate(file.enum_type):
        at_enum = (FILE_ENUM, enum_index)
        values = [
            (f"`{value.name}`", said.get((*at_enum, ENUM_VALUE, index), ""))
            for index, value in enumerate(enum.value)
        ]
        yield from ("", f"#### {enum.name}", "", said.get(at_enum, ""))
        yield from ("", *table(("Value", "Meaning"), values))


def rpcs_page() -> str:
    """Render every service and message of the wire."""
    lines = ["# RPCs", "", "The services, in the words of their proto files."]
    for file in sorted(proto_files(), key=lambda each: each.package):
        lines += ["", f"## {file.package}", *rpc_lines(file)]
    return "\n".join(lines) + "\n"


def benchmark_cells(row: dict[str, Any]) -> tuple[str, ...]:
    """Render a row of benchmarks.json as the cells of its line."""
    holds = {None: "", True: "yes", False: "**no**"}[row["holds"]]
    unit = "" if row["unit"] == "ratio" else f" {row['unit']}"
    value = "none" if row["value"] is None else f"{row['value']:,g}{unit}"
    return row["name"], value, row["bound"], holds, row["conditions"]


def benchmarks_page() -> str:
    """Render the rows of benchmarks.json, group by group."""
    rows = json.loads((REFERENCE / "benchmarks.json").read_text("utf-8"))
    lines = ["# Benchmarks", "", "What `make bench` and `make bench-gpu` measured last."]
    lines += ["[How to read a row](../how-to/read-a-benchmark-row.md)."]
    for group, members in itertools.groupby(rows, lambda row: str(row["group"])):
        found = list(members)
        lines += ["", f"## {group}", ""]
        lines += sorted({f"Measured on {row['machine']}, {row['measured_on']}." for row in found})
        lines += ["", *table(HEAD_OF_BENCHMARKS, map(benchmark_cells, found))]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the pages, or with --check name those that are not fresh."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail on a difference")
    arguments = parser.parse_args()
    stale = False
    pages = {
        "settings": settings_page(),
        "errors": errors_page(),
        "metrics": metrics_page(),
        "rpcs": rpcs_page(),
        "benchmarks": benchmarks_page(),
    }
    for name, text in pages.items():
        page = REFERENCE / f"{name}.md"
        if arguments.check:
            if not page.exists() or page.read_text() != text:
                stale = True
                print(f"not fresh, run `make docs`: {page.relative_to(ROOT)}", file=sys.stderr)
        else:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(text)
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
