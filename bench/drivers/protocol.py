# What every Python contestant does the same: answers JSON lines, and times its engine's calls.
import json
import sys
import time

import numpy


class Host:
    """The methods that requests name; an engine has load, prepare and run_all."""

    def __init__(self, engine):
        self.engine = engine
        self.workloads = {}

    def load(self, **request):
        return self.engine.load(**request)

    def prepare(self, name, calls):
        """calls: lists of rows of token ids."""
        inputs = [self.engine.prepare(padded(rows)) for rows in calls]
        self.workloads[name] = ([[len(row) for row in rows] for rows in calls], inputs)

    def once(self, name):
        """Runs the first call once: the first result, or a warm-up."""
        _, inputs = self.workloads[name]
        self.engine.run_all(inputs[:1])

    def outputs(self, name, file):
        """Runs once and writes what came out, real positions alone: hidden states, then pooled."""
        lengths, inputs = self.workloads[name]
        outputs = self.engine.run_all(inputs)
        with open(file, "wb") as sink:
            for call_lengths, (hidden, _) in zip(lengths, outputs):
                for row, length in enumerate(call_lengths):
                    sink.write(hidden[row, :length].astype(numpy.float32).tobytes())
            for _, pooled in outputs:
                sink.write(pooled.astype(numpy.float32).tobytes())

    def time(self, name, seconds):
        """Runs the workload for some seconds, at least once; milliseconds of each time."""
        _, inputs = self.workloads[name]
        self.once(name)
        milliseconds = []
        end = time.perf_counter() + seconds
        while not milliseconds or time.perf_counter() < end:
            begin = time.perf_counter()
            self.engine.run_all(inputs)
            milliseconds.append(1000 * (time.perf_counter() - begin))
        return {"milliseconds": milliseconds}


def padded(rows):
    """Rows as one padded matrix: ids, mask, segments."""
    ids = numpy.zeros((len(rows), max(map(len, rows))), dtype=numpy.int64)
    mask = numpy.zeros_like(ids)
    for r, row in enumerate(rows):
        ids[r, : len(row)] = row
        mask[r, : len(row)] = 1
    return {
        "input_ids": ids,
        "attention_mask": mask,
        "token_type_ids": numpy.zeros_like(ids),
    }


def serve(engine):
    """Answers what the bench asks of an engine."""
    answer(Host(engine))


def answer(host):
    """Answers one request after the other, each by the host's method, until the input ends."""
    for line in sys.stdin:
        request = json.loads(line)
        identity, method = request.pop("id"), request.pop("method")
        reply = {"id": identity}
        try:
            reply["result"] = getattr(host, method)(**request) or {}
        except Exception as error:
            reply["error"] = {"message": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply, separators=(",", ":")), flush=True)
