"""The OpenAPI document of the page's API, made of the same declarations as the pages and actions."""

from collections.abc import Sequence
from typing import Any

from orchestration.page.actions import Action, Field
from orchestration.page.documents import schema_of
from orchestration.page.pages import Page
from orchestration.page.parameters import Parameter

_ERROR = {
    "type": "object",
    "properties": {"error": {"type": "string"}, "next_step": {"type": "string"}},
    "required": ["error"],
}


def document(pages: Sequence[Page], actions: Sequence[Action]) -> dict[str, Any]:
    """OpenAPI 3.1, with a path for each page and each action."""
    schemas: dict[str, Any] = {"Error": _ERROR}
    paths: dict[str, Any] = {}
    for page in pages:
        path = page.path if page.path != "/" else "/months"
        operation = _operation(page.name, page.question, page.returns, page.parameters, schemas)
        paths.setdefault(path, {})["get"] = operation
    for action in actions:
        operation = _operation(action.name, action.summary, action.returns, action.parameters, schemas, action.status)
        operation["security"] = [{"token": []}]
        if action.fields:
            operation["requestBody"] = {
                "required": True,
                "content": {"application/json": {"schema": _body(action.fields)}},
            }
        paths.setdefault(action.path, {})["post"] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "NYC taxi ELT", "version": "1"},
        "servers": [{"url": "/api"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(
    name: str,
    summary: str,
    returns: type,
    parameters: Sequence[Parameter],
    schemas: dict[str, Any],
    status: int = 200,
) -> dict[str, Any]:
    schema = schema_of(returns)
    schemas.update(_moved(schema.pop("$defs", {})))
    schemas[returns.__name__] = _moved(schema)
    answer = {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{returns.__name__}"}}}}
    refusals = {
        str(code): {
            "description": words,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
        }
        for code, words in _REFUSALS.items()
    }
    return {
        "operationId": name,
        "summary": summary,
        "parameters": [
            {
                "name": one.name,
                "in": "path" if one.is_in_path else "query",
                "required": one.is_in_path,
                "description": one.description,
                "schema": {"type": "string", "pattern": f"^({one.pattern}){'' if one.is_in_path else '?'}$"},
                "example": one.example,
            }
            for one in parameters
        ],
        "responses": {str(status): {"description": "The answer", **answer}} | refusals,
    }


_REFUSALS = {
    400: "A value is not what it should be",
    403: "The token is missing or wrong",
    404: "There is no such thing",
    409: "Something else is in the way: another run, or a plan that is no longer the same",
    413: "The body is too long",
    414: "The address is too long",
    503: "A server does not answer",
}


def _body(fields: Sequence[Field]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {one.name: one.schema | {"description": one.description} for one in fields},
        "required": [one.name for one in fields if one.is_required],
        "additionalProperties": False,
    }


def _moved(schema: Any) -> Any:
    """With references to where OpenAPI keeps schemas."""
    if isinstance(schema, dict):
        return {
            key: value.replace("#/$defs/", "#/components/schemas/") if key == "$ref" else _moved(value)
            for key, value in schema.items()
        }
    return [_moved(one) for one in schema] if isinstance(schema, list) else schema
