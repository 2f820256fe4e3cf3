import json
import logging
import subprocess
import sys

from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.logs import JsonFormatter

PROGRAM = """
import logging, threading, warnings
from brickwork_sdk.logs import write_logs

write_logs("test", "INFO")
logging.getLogger("library").info("hello", extra={"count": 1})
warnings.warn("old")

def fail(): raise KeyError("the words of a recording")

thread = threading.Thread(target=fail)
thread.start()
thread.join()
fail()
"""


def test_whatever_a_process_says_is_one_line_of_json_without_content() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["level"] for line in lines] == ["INFO", "WARNING", "CRITICAL", "CRITICAL"]
    assert lines[0]["count"] == 1
    assert [line.get("error") for line in lines[2:]] == ["KeyError", "KeyError"]
    assert all("fail" in line["traceback"] for line in lines[2:])
    assert "words" not in done.stderr


def test_a_traceback_names_types_reasons_and_places_of_all_errors_that_led_to_it() -> None:
    try:
        try:
            raise ValueError("the words of a recording")
        except ValueError as error:
            raise InvalidInput(Reason.TEXT_TOO_LONG, "the words of a recording") from error
    except InvalidInput as error:
        record = logging.LogRecord(
            "test", logging.ERROR, __file__, 1, "failed", (), (type(error), error, None)
        )
    line = json.loads(JsonFormatter("test", lambda: "4bf92f").format(record))
    assert line["trace_id"] == "4bf92f"
    assert line["traceback"].count("test_logs.py") == 2
    assert "\nValueError\n" in line["traceback"]
    assert line["traceback"].endswith("InvalidInput [TEXT_TOO_LONG]\n")
    assert "the words of a recording" not in line["traceback"].replace('"the words', "")
