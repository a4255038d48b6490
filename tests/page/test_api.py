"""The API is what its OpenAPI document says, whatever it is sent."""

from collections.abc import Iterator

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from orchestration.page.actions import ACTIONS
from orchestration.page.pages import PAGES
from tests.page.running import Running, line_of, running

CHECKS = (
    not_a_server_error,
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)
EXAMPLES = [3, pytest.param(8, marks=pytest.mark.slow)]


@pytest.fixture(scope="module")
def page(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(line_of(dsn, tmp_path_factory.mktemp("line"))) as page:
        yield page


@pytest.fixture(scope="module")
def api(page: Running) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{page.address}/api/openapi.json")


@pytest.mark.parametrize("examples", EXAMPLES)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_answer_is_one_that_the_document_names(
    api: schemathesis.BaseSchema, page: Running, mode: GenerationMode, examples: int
) -> None:
    tried = []
    for found in api.get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        def answers_as_documented(case: schemathesis.Case) -> None:
            answer = case.call(headers={"authorization": f"Bearer {page.token}"})
            case.validate_response(answer, checks=list(CHECKS))

        try:
            answers_as_documented()
        except Unsatisfiable:  # without parameters there is nothing wrong to send
            continue
        tried.append(operation.label)
    assert len(tried) >= 4


def test_the_document_has_every_page_and_action(page: Running) -> None:
    paths = requests.get(f"{page.address}/api/openapi.json", timeout=10).json()["paths"]
    named = {operation["operationId"] for path in paths.values() for operation in path.values()}
    assert named == {one.name for one in (*PAGES, *ACTIONS)}
