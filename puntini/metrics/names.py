"""Every metric of ours: its name, kind, labels and what it says. docs/operations.md has the same; a test sees to it.

Names end in their unit; counters end in ``_total``. No label has more than a few dozen values.
"""

from typing import Literal

from msgspec import Struct

Kind = Literal["counter", "gauge", "histogram"]


class Named(Struct, frozen=True):
    """A metric as it is exposed. A counter's ``name`` is with its ``_total``."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()


_ALL = (
    # Streams.
    Named("puntini_streams_open", "gauge", "streams that are open", ("transport",)),
    Named("puntini_streams_max", "gauge", "how many may be open at once (max_streams)"),
    Named("puntini_streams_sessions", "gauge", "sessions that have a stream open"),
    Named("puntini_streams_opened_total", "counter", "streams that were opened"),
    Named("puntini_streams_ended_total", "counter", "streams that have ended, by why", ("transport", "reason")),
    Named("puntini_streams_cut_total", "counter", "streams that were cut off because their client did not read"),
    Named("puntini_streams_behind", "gauge", "open streams that have not been sent all there is"),
    Named("puntini_streams_lag_events", "gauge", "events a stream is behind the head of its session", ("rank",)),
    Named("puntini_streams_unsent_bytes", "gauge", "bytes written to streams that clients have not taken yet"),
    Named("puntini_streams_stalled_seconds", "gauge", "for how long the client that reads least has taken nothing"),
    Named("puntini_delivered_events_total", "counter", "events written to streams", ("transport",)),
    Named("puntini_delivered_bytes_total", "counter", "bytes written to streams", ("transport",)),
    Named("puntini_delivery_seconds", "histogram", "from an event's commit to its being written to a live stream"),
    # The log.
    Named("puntini_appends_total", "counter", "appends that were committed"),
    Named("puntini_appended_events_total", "counter", "events that were committed"),
    Named("puntini_commits_total", "counter", "transactions that committed appends"),
    Named("puntini_append_seconds", "histogram", "from handing in an append to its answer"),
    Named("puntini_commit_seconds", "histogram", "what a transaction of appends took"),
    Named("puntini_store_reads_total", "counter", "reads of events from the store"),
    Named("puntini_reader_reads_total", "counter", "those among them for readers that memory could not serve"),
    Named("puntini_store_up", "gauge", "1 while the store answers, else 0"),
    Named("puntini_store_probe_seconds", "gauge", "what the latest look whether the store answers took"),
    Named("puntini_feeds", "gauge", "sessions whose newest events are held in memory"),
    Named("puntini_ring_bytes", "gauge", "memory that these take"),
    Named("puntini_ring_bytes_max", "gauge", "how much they may take (ring_bytes)"),
    # Tasks.
    Named("puntini_tasks", "gauge", "tasks in the store that have not ended, of all nodes", ("status",)),
    Named("puntini_tasks_oldest_seconds", "gauge", "how long ago the oldest of these was asked for", ("status",)),
    Named(
        "puntini_tasks_here",
        "gauge",
        "tasks that run in this process, and that wait for their turn: in it, or on a shared Postgres for any",
        ("status",),
    ),
    Named("puntini_tasks_max", "gauge", "how many may run at once in this process (max_concurrent_tasks)"),
    Named("puntini_tasks_ended_total", "counter", "tasks that this process has ended", ("status",)),
    Named("puntini_leases_lost_total", "counter", "tasks of this process that another took over"),
    Named("puntini_leases_taken_total", "counter", "tasks that this process took over from another"),
    # The model.
    Named("puntini_model_requests_total", "counter", "questions to a model, by how they ended", ("model", "outcome")),
    Named("puntini_model_seconds", "histogram", "what a whole answer took", ("model",)),
    Named("puntini_model_tokens_total", "counter", "tokens that were sent and received", ("model", "direction")),
    Named("puntini_model_cost_dollars_total", "counter", "what that cost, where the price is known", ("model",)),
    # Requests.
    Named("puntini_http_requests_total", "counter", "answers that have begun", ("resource", "method", "status")),
    Named("puntini_http_seconds", "histogram", "from a request's beginning to its answer's", ("resource",)),
    Named("puntini_limits_hit_total", "counter", "refusals because of a limit", ("limit",)),
    # The process.
    Named("puntini_loop_delay_seconds", "gauge", "the longest that the event loop kept others waiting, lately"),
    Named("puntini_draining", "gauge", "1 while the server shuts down, else 0"),
    Named(
        "puntini_build_info",
        "gauge",
        "always 1; its labels say what runs, on memory, sqlite or postgres",
        ("version", "store"),
    ),
)
METRICS = {metric.name: metric for metric in _ALL}
OTHERS = (
    "process_virtual_memory_bytes",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_cpu_seconds_total",
    "process_open_fds",
    "process_max_fds",
)
"""What every Prometheus client tells of its process (on Linux)."""
