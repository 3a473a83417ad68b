"""Every operation through boto3: a request as small as can be, one with everything, and for every
constraint of the models one that breaks it. All are made from the models."""

import collections
import concurrent.futures
import threading
import typing
import unittest

from botocore.exceptions import ClientError

import carillon
import fixtures
import model
import wire

# Members of answers that are not there when there is nothing to say: small requests ask for little,
# and some are rarely there at all.
SILENT_WHEN_SMALL = {"NextToken", "SubChannelId", "ExpirationSettings", "InitiateDeletionTimestamp"}
SILENT = {
    "Detail": "only a message that failed has one",
    "StatusReason": "only an endpoint that is inactive has one",
    "SubChannelId": "only what is in an elastic channel has one",
    "AppInstances.0.Metadata": "it is an app instance of another test",
}

# Good requests that fail all the same.
REFUSED = {
    "ChannelFlowCallback": ("ForbiddenException", "only a processor is told the CallbackId, and none is running"),
}

# Errors that an operation does not declare.
UNDECLARED = {
    ("GetMessagingSessionEndpoint", "BadRequestException"): "it has a member that can be wrong",
}


class Otherwise(typing.NamedTuple):
    """Broken constraints that are not answered with a BadRequestException which names the member."""

    operations: tuple  # empty for all
    member: str
    whats: tuple
    answer: str
    why: str

    def covers(self, operation, violation):
        return (
            (not self.operations or operation.name in self.operations)
            and violation.member == self.member and violation.what in self.whats
        )


BEARER = Otherwise(
    (), "ChimeBearer", ("too short", "too long", "without the pattern"),
    "401 UnauthorizedClientException An invalid app instance user ARN was supplied for the x-amz-chime-bearer HTTP header.",
    "whoever is malformed is nobody, like somebody who is not there",
)
TAGS = ("TagResource", "UntagResource", "ListTagsForResource")
NO_ARN = "400 BadRequestException An invalid ARN was supplied for the input parameter."
LOOSER = "another namespace allows it, and on the wire they cannot be told apart"


class Sweep:
    """The sweep over all operations of some NAMESPACES, which have NAMES names."""

    # Members that the server requires though the models of these namespaces do not.
    KEPT = ()
    OTHERWISE = ()
    # The kinds of constraints there are to break.
    WHATS = {
        "missing", "too short", "too long", "without the pattern", "no value of the enum", "too small", "too large",
        "of the wrong type", "list too short", "list too long", "null in the list", "key too short", "key too long",
    }

    @classmethod
    def setUpClass(cls):
        cls.requests = fixtures.Requests(fixtures.World(carillon.SERVER))
        cls.clients = {namespace: wire.Client(namespace) for namespace in cls.NAMESPACES}
        cls.operations = [o for namespace in cls.NAMESPACES for o in model.operations(namespace).values()]
        cls.lock, cls.counts = threading.Lock(), collections.Counter()

    @classmethod
    def tearDownClass(cls):
        calls, grown = (sum(getattr(c, name) for c in cls.clients.values()) for name in ("calls", "grown_calls"))
        print(f"\n{cls.__name__}: {len(cls.operations)} operations, {calls} calls, {grown} of them with a newer model than boto3's:")
        for what, count in cls.counts.most_common():
            print(f"{count:6} {what}")

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def sweep(self, check):
        """Checks every operation, several at a time, and fails with what all of them found."""
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            problems = [p for found in pool.map(lambda o: list(check(o)), self.operations) for p in found]
        self.assertFalse(problems, "\n" + "\n".join(problems))

    def good(self, operation, plain=False):
        """Good requests that together have every member that the namespace knows."""
        members = operation.input.members
        requests = getattr(self.requests, operation.name)(plain or "SubChannelId" not in members)
        for parameters in requests if isinstance(requests, tuple) else (requests,):
            yield {name: value for name, value in parameters.items() if name in members}

    def accepted(self, operation, kind, parameters):
        """Sends a request that is to succeed. It returns the answer, and what is wrong with it."""
        self.count(kind)
        try:
            answer = self.clients[operation.namespace].call(operation, parameters)
        except ClientError as error:
            expected, _ = REFUSED.get(operation.name, ("", ""))
            return None, [] if error.response["Error"]["Code"] == expected else [f"{operation}, {kind}: {error}"]
        status = answer.pop("ResponseMetadata")["HTTPStatusCode"]
        if operation.name in REFUSED or status != operation.status or operation.output is None and answer:
            return answer, [f"{operation}, {kind}: {status}: {answer}"]
        return answer, []

    def test_every_operation_is_swept(self):
        self.assertEqual(self.NAMES, len({o.name for o in self.operations}))

    def test_requests_as_small_as_can_be(self):
        def check(operation):
            parameters = next(self.good(operation, plain=True))
            small = operation.input.prune(parameters, self.clients[operation.namespace].filled(operation))
            small.update((name, parameters[name]) for name in self.KEPT if name in parameters)
            answer, problems = self.accepted(operation, "small", small)
            yield from problems
            if operation.output and answer is not None:
                if absent := operation.output.members.keys() - answer.keys() - SILENT_WHEN_SMALL:
                    yield f"{operation}, small: the answer lacks {absent}: {answer}"

        self.sweep(check)

    def test_requests_with_everything(self):
        def check(operation):
            unsent, unanswered = operation.input.all_places(), None
            for parameters in self.good(operation):
                unsent -= operation.input.places(parameters)
                answer, problems = self.accepted(operation, "full", parameters)
                yield from problems
                if operation.output and answer is not None:
                    absent = {n for n in operation.output.absent(answer) if not {n, n.rpartition(".")[2]} & SILENT.keys()}
                    unanswered = absent if unanswered is None else unanswered & absent
            if unsent:
                yield f"{operation}, full: it was not sent with {sorted(unsent)}"
            if unanswered:
                yield f"{operation}, full: the answer lacks {sorted(unanswered)}"

        self.sweep(check)

    def test_every_violation(self):
        used = set()

        def check(operation):
            seen = set()
            for parameters in self.good(operation):
                for violation in model.violations(operation, parameters):
                    if str(violation) not in seen:
                        seen.add(str(violation))
                        self.count(violation.what)
                        yield from self.refused(operation, parameters, violation, used)

        self.sweep(check)
        self.assertEqual(set(self.OTHERWISE), used, "some exceptions are none")
        self.assertEqual(self.WHATS, self.counts.keys() - {"small", "full"})

    def refused(self, operation, parameters, violation, used):
        """Sends a request that is to be refused, and yields what is wrong with the answer."""
        if violation.member == "ChimeBearer":  # a NextToken is its bearer's
            parameters = {name: value for name, value in parameters.items() if name != "NextToken"}
        answer = self.answer(operation, parameters, violation)
        for otherwise in self.OTHERWISE:
            if otherwise.covers(operation, violation):
                used.add(otherwise)
                if answer != otherwise.answer:
                    yield f"{operation}, {violation}: {answer}, want {otherwise.answer}"
                return
        if not answer.startswith("400 BadRequestException") or f"'{violation.member}'" not in answer:
            yield f"{operation}, {violation}: {answer}"
        if ("BadRequestException" in operation.errors) == ((operation.name, "BadRequestException") in UNDECLARED):
            yield f"{operation}, {violation}: is BadRequestException declared or not?"

    def answer(self, operation, parameters, violation):
        """The answer to a request in words: its status, and the error."""
        try:
            answer = self.clients[operation.namespace].call(operation, parameters, violation)
        except ClientError as e:
            return f"{e.response['ResponseMetadata']['HTTPStatusCode']} {e.response['Error']['Code']} {e.response['Error']['Message']}"
        return str(answer["ResponseMetadata"]["HTTPStatusCode"])


class NewNamespaces(Sweep, unittest.TestCase):
    NAMESPACES = ["chime-sdk-messaging", "chime-sdk-identity"]
    NAMES = 78
    OTHERWISE = (
        BEARER,
        Otherwise(TAGS, "ResourceARN", ("too short", "without the pattern"), NO_ARN, "the namespaces have different patterns"),
        Otherwise(("UpdateAppInstance", "UpdateAppInstanceUser"), "Metadata", ("missing",), "200", LOOSER),
    )


class OldNamespace(Sweep, unittest.TestCase):
    NAMESPACES = ["chime"]
    NAMES = 49 + 3  # those that the new namespaces have too, and three that have other names there
    # The new namespaces require both, and on the wire nobody can be told apart: whoever leaves the
    # bearer out on purpose from whoever forgets it, and an edit without content from an empty one.
    KEPT = ("ChimeBearer", "Content")
    WHATS = Sweep.WHATS - {"key too short", "key too long"}
    OTHERWISE = (
        BEARER,
        Otherwise(TAGS, "ResourceARN", ("too long", "without the pattern"), NO_ARN, "the namespaces have different patterns"),
        Otherwise(("UpdateChannel",), "Name", ("missing",), "200", LOOSER),
        Otherwise(("UpdateChannel",), "Mode", ("missing",), "200", LOOSER),
        Otherwise(
            ("UpdateChannelMessage",), "Content", ("too long",), "400 BadRequestException Channel Messages size limit exceeded",
            "clients know these words",
        ),
        Otherwise(
            ("PutAppInstanceStreamingConfigurations",), "AppInstanceStreamingConfigurations", ("missing",),
            "400 BadRequestException 1 validation error detected: Value at 'StreamingConfigurations' failed to satisfy constraint: "
            "Member must not be null", "an absent member has one name only",
        ),
    )
