"""A run as an OpenTelemetry trace: spans of the run, its steps, and the models of dbt's steps."""

from collections.abc import Callable, Sequence

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import Span, StatusCode

from common.masking import masked
from orchestration.events.events import AnyEvent, MonthChanged, StepEnded, StepStarted
from orchestration.telemetry.built import built_by
from orchestration.telemetry.telemetry import SECONDS, ObservedRun

_LONGEST = 500  # characters of an error


class Spans(SpanProcessor):
    """An observer; `send` takes the spans that have ended."""

    def __init__(self, run: ObservedRun, send: Callable[[list[ReadableSpan]], None]):
        self._run = run
        self._send = send
        self._ended: list[ReadableSpan] = []
        provider = TracerProvider(resource=Resource({"service.name": "nyc-taxi-elt"}), shutdown_on_exit=False)
        provider.add_span_processor(self)
        self._tracer = provider.get_tracer("orchestrate")
        names = {"taxi.run": run.run_id, "taxi.profile": run.profile, "taxi.trigger": run.trigger}
        self._root = self._tracer.start_span("run", attributes={**names, "taxi.source": run.source})
        self._open: dict[tuple[str, str], Span] = {}

    def on_end(self, span: ReadableSpan) -> None:
        """Keep it until the step's end."""
        self._ended.append(span)

    def __call__(self, event: AnyEvent) -> None:
        """Begin or end the span of a step, or note a month's new state on that of the run."""
        match event:
            case StepStarted(step=step, subject=subject):
                self._open[step, subject] = self._child(self._root, step, {"taxi.subject": subject})
            case StepEnded(step=step, subject=subject, error=error):
                if span := self._open.pop((step, subject), None):
                    for built in built_by(self._run.folder, step, subject):
                        attributes = {"dbt.relation": built.relation, "dbt.status": built.status}
                        model = self._child(span, built.name, attributes, built.began)
                        _end(model, built.error, built.ended)
                    _end(span, error or "")
                    self._flush()
            case MonthChanged(key=(dataset, month), before=before, after=after, reason=reason):
                named = {"taxi.month": f"{dataset} {month:%Y-%m}", "taxi.before": before or "", "taxi.after": after}
                self._root.add_event("month changed", {**named, "taxi.reason": masked(reason)})

    def ended(self, error: str) -> None:
        """The run is over, and steps that were broken off with it."""
        for span in self._open.values():
            _end(span, error or "broken off")
        _end(self._root, error)
        self._flush()

    def _child(self, parent: Span, name: str, attributes: dict[str, str], began: int | None = None) -> Span:
        context = trace.set_span_in_context(parent)
        return self._tracer.start_span(name, context, attributes=attributes, start_time=began)

    def _flush(self) -> None:
        self._send(self._ended)
        self._ended = []


def sending_spans(url: str) -> Callable[[Sequence[ReadableSpan]], None]:
    """What sends spans to this address, as protobuf over HTTP; it raises OSError where they are not taken."""
    exporter = OTLPSpanExporter(url, timeout=SECONDS)

    def send(spans: Sequence[ReadableSpan]) -> None:
        if exporter.export(spans) is not SpanExportResult.SUCCESS:
            raise OSError("it does not answer, or refuses them")

    return send


def _end(span: Span, error: str, at: int | None = None) -> None:
    if error:
        span.set_status(StatusCode.ERROR, masked(error)[:_LONGEST])
    span.end(at)
