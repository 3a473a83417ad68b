"""What the models say of operations: their members, what is required, and every constraint.

They are the facts of AWS's own models, kept in the folder models of the project. botocore knows them
too, but an old one lacks the operations that came after it, and a new one the old namespace.
"""

import json
import os
import re

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "models")
FILES = {
    "chime-sdk-messaging": ["messaging"],
    "chime-sdk-identity": ["identity"],
    "chime": ["chime", "chime-streaming"],
}


class Shape:
    """A type of the model."""

    def __init__(self, shapes, name):
        self.shapes, self.facts = shapes, shapes[name]
        self.type = self.facts["type"]
        self.required = self.facts.get("required", [])

    def shape(self, reference):
        return Shape(self.shapes, reference["shape"])

    @property
    def members(self):
        return {name: self.shape(m) for name, m in self.facts.get("members", {}).items()}

    @property
    def element(self):
        """The shape of what a list or map holds."""
        return self.shape(self.facts["member" if self.type == "list" else "value"])

    def inside(self, value):
        """What stands inside a value of a request: a step down to it, its shape and itself."""
        if self.type == "structure":
            return [(name, self.members[name], v) for name, v in value.items()]
        if self.type == "list":
            return [(len(value) - 1, self.element, value[-1])] if value else []
        if self.type == "map":
            return [(key, self.element, v) for key, v in value.items()]
        return []

    def prune(self, value, dropped=()):
        """A value without what is not required."""
        if self.type == "structure":
            return {n: s.prune(v) for n, s, v in self.inside(value) if n in self.required and n not in dropped}
        if self.type == "list":
            return [self.element.prune(v) for v in value]
        return value

    def places(self, value, name=""):
        """The names of all members that a value has, at any depth."""
        found = set()
        for step, shape, v in self.inside(value):
            inner = f"{name}.{step}".lstrip(".") if self.type == "structure" else name
            found |= {inner} | shape.places(v, inner)
        return found

    def all_places(self, name=""):
        """The names of all members that there are, at any depth."""
        found = set()
        if self.type == "structure":
            for member, shape in self.members.items():
                inner = f"{name}.{member}".lstrip(".")
                found |= {inner} | shape.all_places(inner)
        elif self.type in ("list", "map"):
            found = self.element.all_places(name)
        return found

    def absent(self, value, name=""):
        """The members that an answer lacks, at any depth."""
        found = []
        if self.type == "structure":
            found = [f"{name}.{member}".lstrip(".") for member in self.members if member not in value]
        for step, shape, v in self.inside(value):
            found += shape.absent(v, f"{name}.{step}".lstrip("."))
        return found


NOTHING = Shape({"Nothing": {"type": "structure"}}, "Nothing")


class Operation:
    """An operation in one namespace."""

    def __init__(self, namespace, shapes, facts):
        self.namespace, self.name = namespace, facts["name"]
        self.method, target = facts["http"]["method"], facts["http"]["requestUri"]
        self.path = target.partition("?")[0]
        self.status = facts["http"].get("responseCode", 200)
        self.errors = [e["shape"] for e in facts.get("errors", [])]
        self.input = Shape(shapes, facts["input"]["shape"]) if "input" in facts else NOTHING
        self.output = Shape(shapes, facts["output"]["shape"]) if "output" in facts else None
        self.travels = self.input.facts.get("members", {})

    def __str__(self):
        return f"{self.namespace} {self.name}"

    def where(self, member):
        """Where a member travels, and under which name."""
        facts = self.travels[member]
        return facts.get("location", "body"), facts.get("locationName", member)


def operations(namespace):
    found = {}
    for file in FILES[namespace]:
        with open(os.path.join(FOLDER, file + ".json"), encoding="utf-8") as source:
            model = json.load(source)
        for name, facts in model["operations"].items():
            found[name] = Operation(namespace, model["shapes"], facts)
    return found


ABSENT = object()


class Violation:
    """A change to a good request that breaks one constraint: the place takes another value."""

    def __init__(self, what, steps, value, name=None):
        self.what, self.steps, self.value = what, steps, value
        # The name of the member in answers.
        self.member = name or ".".join(f"{s + 1}.member" if isinstance(s, int) else s for s in steps)

    def __str__(self):
        return f"{self.member} {self.what}"


def violations(operation, parameters):
    """Yields a violation for every constraint on a member that good parameters have."""
    for member, shape, value in operation.input.inside(parameters):
        location, _ = operation.where(member)
        if member in operation.input.required and location != "uri":
            yield Violation("missing", [member], ABSENT)
        yield from _violations(shape, [member], value, location)


def _violations(shape, steps, value, location):
    facts = shape.facts
    least, most = facts.get("min", 0), facts.get("max")
    if shape.type == "string":
        # An empty segment of a path cannot be sent.
        if "enum" in facts:
            yield Violation("no value of the enum", steps, "ANYTHING")
        elif least > (location == "uri"):
            yield Violation("too short", steps, "x" * (least - 1))
        if most and "enum" not in facts:
            yield Violation("too long", steps, "x" * (most + 1))
        if bad := _without(facts.get("pattern"), least, most):
            yield Violation("without the pattern", steps, bad)
    elif shape.type == "integer":
        if least:
            yield Violation("too small", steps, least - 1)
        if most:
            yield Violation("too large", steps, most + 1)
    elif shape.type == "list":
        if least:
            yield Violation("list too short", steps, [])
        if most:
            yield Violation("list too long", steps, value[-1:] * (most + 1))
        if value:
            yield Violation("null in the list", steps + [len(value) - 1], None)
    elif shape.type == "map":
        key = shape.shape(facts["key"]).facts
        entry = next(iter(value.values()))
        yield Violation("key too short", steps, {"x" * (key["min"] - 1): entry})
        yield Violation("key too long", steps, {"x" * (key["max"] + 1): entry})
    if location == "body":
        yield Violation("of the wrong type", steps, 7 if shape.type in ("string", "structure", "list", "map") else "seven")
    elif shape.type in ("integer", "timestamp"):
        yield Violation("of the wrong type", steps, "seven")
    for step, inner, v in shape.inside(value):
        if shape.type == "structure" and step in shape.required:
            yield Violation("missing", steps + [step], ABSENT)
        yield from _violations(inner, steps + [step], v, location)


# One of them lacks each pattern there is. That .* excludes line breaks is not held against anybody.
_BAD = ["no arn", "this is no arn at all", "\0", "   "]


def _without(pattern, least, most):
    """A text of a good length that a pattern does not match; none when it matches all."""
    if pattern in (None, ".*"):
        return None
    for text in _BAD:
        if least <= len(text) <= (most or len(text)) and not re.fullmatch(pattern, text, re.DOTALL):
            return text
    return None


def changed(value, steps, to):
    """A value with another one, or with nothing, at a place."""
    if not steps:
        return to
    copy = value.copy()
    inner = changed(value.get(steps[0]) if isinstance(value, dict) else value[steps[0]], steps[1:], to)
    if inner is ABSENT:
        del copy[steps[0]]
    else:
        copy[steps[0]] = inner
    return copy
