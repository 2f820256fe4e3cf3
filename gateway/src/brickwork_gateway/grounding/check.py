"""Whether the recording supports a sentence, and which segments do.

A sentence is cut into clauses. Each clause must have a place in the recording, a sentence with its
neighbours, where all of this holds: its numbers, months and days are said there, and not others
instead; the names are those that are said there, or of whom speaks there; and it is negated if and
only if what it repeats is. Together the places must say enough of the sentence, rare words weighing
more, and that of a clause which says why must say enough of it alone.

Source: the parts are known: claims against retrieved evidence as in FEVER (Thorne et al. 2018);
overlap weighed by inverse document frequency (Sparck Jones 1972) as the evidence score; numbers,
names and negation as the errors that summaries make (Kryscinski et al. 2020, FactCC, who make false
claims by swapping exactly these). The combination is ours, and so are the limits, tuned on the
transcripts of `tests/data/grounding` that say so. What no overlap can see is told in
docs/explanation/grounded-summaries.md.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from brickwork_gateway.grounding.clauses import Clause
from brickwork_gateway.grounding.recording import Recording, Utterance
from brickwork_gateway.grounding.words import Kind

SENTENCE_SHARE_MIN = 0.55
"""Of the weight of a sentence that the places of its clauses must say together."""
CAUSE_SHARE_MIN = 0.6
"""Of the weight of a clause that says why: a true fact lends weight to a wrong cause of it."""
_CANDIDATE_SHARE_MIN = 0.7
"""Places that say so much of what the best one says are looked at too."""
_CANDIDATES_MAX = 8
_NEAR_WEIGHT = 0.5
"""What a neighbour says counts less for which place is looked at, and for its negation."""
_MAIN_TIMES = 2
"""A neighbour that says so much more of the content is what the clause is about."""
_NEGATED_SHARE_MAX = 0.5
"""Of what a clause repeats, by weight; beyond it, it repeats a negated one."""


class Fault(StrEnum):
    """Why a sentence is not supported."""

    WORDS = "words"
    NUMBER = "number"
    NAME = "name"
    NEGATION = "negation"


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes:
        segments: numbers of the segments that a sentence rests on, in order; none if it does not.
        fault: why it rests on none.
    """

    segments: tuple[int, ...] = ()
    fault: Fault | None = None


@dataclass(frozen=True)
class _Support:
    """How far one place supports one clause."""

    covered: float
    segments: frozenset[int]
    fault: Fault | None


def check(text: str, recording: Recording) -> Finding:
    """Look for the segments that a sentence rests on."""
    clauses = [clause for clause in recording.clauses(text) if clause.telling]
    numbers = {number for clause in clauses for number in clause.numbers | clause.days}
    names = {name for clause in clauses for name in clause.names}
    claims = [_Claim(clause, recording, numbers, names) for clause in clauses]
    supports = [claim.best_support() for claim in claims]
    fault = next((support.fault for support in supports if support.fault), None)
    if fault:
        return Finding(fault=fault)
    total = sum(claim.weight for claim in claims)
    covered = sum(support.covered for support in supports)
    segments = frozenset[int]().union(*(support.segments for support in supports))
    if not segments or covered < SENTENCE_SHARE_MIN * total:
        return Finding(fault=Fault.WORDS)
    for claim, support in zip(claims, supports, strict=True):
        if claim.is_cause and support.covered < CAUSE_SHARE_MIN * claim.weight:
            return Finding(fault=Fault.WORDS)
    return Finding(segments=tuple(sorted(segments)))


class _Claim:
    """One clause, to be looked up.

    Args:
        clause: what it says.
        recording: where it may stand.
        numbers: those of its whole sentence, months and days included.
        names: likewise.
    """

    def __init__(
        self, clause: Clause, recording: Recording, numbers: set[str], names: set[str]
    ) -> None:
        self._clause = clause
        self.is_cause = clause.is_cause
        self._recording = recording
        self._numbers = numbers
        self._names = names
        lexicon = recording.lexicon
        self._content = {lexicon.meaning(word.folded) for word in clause.content}
        self._anchors = set(map(recording.meaning, clause.telling)) - self._content
        people = {lexicon.meaning(name) for name in clause.names & recording.voice_names}
        self._figures = self._anchors - people
        self.weight = self._weigh(self._content | self._figures)

    def best_support(self) -> _Support:
        """Return the best place without a fault, or the best one with its fault."""
        found = [self._support(place) for place in self._candidates()]
        if not found:
            return _Support(0.0, frozenset(), None)
        return max(found, key=lambda support: (support.fault is None, support.covered))

    def _candidates(self) -> list[int]:
        """Return the places that say most of the clause, the best first."""
        wanted = self._content | self._anchors
        scores = {}
        for place, utterance in enumerate(self._recording.utterances):
            own = wanted & utterance.places.keys()
            if own:
                near = self._said_near(place, wanted) - own
                scores[place] = self._weigh(own) + _NEAR_WEIGHT * self._weigh(near)
        best = max(scores.values(), default=0.0)
        good = [place for place in scores if scores[place] >= _CANDIDATE_SHARE_MIN * best]
        return sorted(good, key=lambda place: -scores[place])[:_CANDIDATES_MAX]

    def _support(self, place: int) -> _Support:
        said = self._said_near(place, self._content | self._figures)
        faults: Sequence[tuple[Fault, Callable[[int], bool]]] = (
            (Fault.NUMBER, self._has_numbers),
            (Fault.NAME, self._has_names),
            (Fault.NEGATION, self._agrees),
        )
        fault = next((fault for fault, holds in faults if not holds(place)), None)
        return _Support(self._weigh(said), frozenset(self._cited(place)), fault)

    def _cited(self, place: int) -> Iterator[int]:
        """Yield the segments of the place that say what the clause says."""
        here = self._at(place)
        yield from here.segments
        missing = (self._content | self._anchors) - here.places.keys()
        for utterance in self._recording.near(place):
            if missing & utterance.places.keys():
                yield from utterance.segments
                missing -= utterance.places.keys()

    def _said_near(self, place: int, wanted: set[str]) -> set[str]:
        near = self._recording.near(place)
        return {meaning for utterance in near for meaning in wanted & utterance.places.keys()}

    def _weigh(self, meanings: set[str]) -> float:
        return sum(map(self._recording.weight, meanings))

    def _has_numbers(self, place: int) -> bool:
        """Tell whether the numbers and days are said here, and no others in their stead."""
        main, here = (self._clause_at(each) for each in (self._main(place), self._at(place)))
        near = self._recording.near(place)
        for wanted, rivals in (
            (self._clause.numbers, main.numbers or here.numbers),
            (self._clause.days, main.days or here.days),
        ):
            for number in wanted - rivals:
                if rivals - self._numbers:
                    return False
                if not any(number in each.folded and self._is_ours(each) for each in near):
                    return False
        return True

    def _is_ours(self, utterance: Utterance) -> bool:
        """Tell whether a neighbour speaks of nobody else than the claim does."""
        return not self._names or utterance.names <= self._names

    def _at(self, place: int) -> Utterance:
        return self._recording.utterances[place]

    def _main(self, place: int, times: float = _MAIN_TIMES) -> Utterance:
        """Return what says most of the content at a place, which may be a neighbour."""

        def weight(utterance: Utterance) -> float:
            return self._weigh(self._content & utterance.places.keys())

        here = self._at(place)
        best = max(self._recording.near(place), key=weight)
        return best if weight(best) > times * weight(here) else here

    def _clause_at(self, here: Utterance) -> Clause:
        """Return the clause of a sentence that says most of the claim."""
        wanted = self._content | self._anchors
        weights = [0.0] * len(here.clauses)
        for meaning in wanted & here.places.keys():
            for number in here.places[meaning]:
                weights[number] += self._recording.weight(meaning)
        return here.clauses[max(range(len(weights)), key=weights.__getitem__)]

    def _has_names(self, place: int) -> bool:
        if not all(self._has_name(name, place) for name in self._clause.names):
            return False
        return not self._is_turned_round(self._clause_at(self._at(place)))

    def _has_name(self, name: str, place: int) -> bool:
        here, main = self._at(place), self._main(place)
        for each in (main, here):
            said = self._clause_at(each)
            if name in said.names:
                return True
            if said.names - self._clause.names:
                return False
            if name in each.folded:
                return True
            if name == self._clause.subject and each.voice and each.speaks_of_itself:
                return name in each.voice
        if self._is_voice(name, place):
            return True
        if (here.names | main.names) - self._clause.names:
            return False
        near = self._recording.near(place)
        if any(name in each.folded for each in near):
            return True
        # It may be the name of who speaks, if nobody knows another for him and none is said here.
        is_other = any(each.names - self._clause.names for each in near)
        is_known = here.voice or name in self._recording.voice_names
        return not (is_other or is_known) and self._recording.says(name)

    def _is_voice(self, name: str, place: int) -> bool:
        """Tell whether the one of this name says it himself; who asks says nothing of himself."""
        here = self._at(place)
        return name in here.voice and not here.is_question

    def _is_turned_round(self, said: Clause) -> bool:
        """Tell whether two names change places from one clause to the other."""
        agents = self._recording.lexicon.agent_words
        orders = [
            [word.folded for word in clause.words if word.kind is Kind.NAME]
            for clause in (self._clause, said)
        ]
        ours, theirs = (
            [n for n in order if n in set(orders[1 - place])] for place, order in enumerate(orders)
        )
        is_passive = [
            any(word.folded in agents for word in clause.words) for clause in (self._clause, said)
        ]
        if is_passive[0] != is_passive[1]:
            return False
        return ours != theirs or self._is_mirrored(said)

    def _is_mirrored(self, said: Clause) -> bool:
        """Tell whether the first and the last of what both say have changed places."""
        meaning = self._recording.lexicon.meaning
        ours, theirs = (
            [meaning(word.folded) for word in clause.telling] for clause in (self._clause, said)
        )
        ours = [word for word in ours if word in theirs]
        theirs = [word for word in theirs if word in ours]
        return len(ours) > 3 and (ours[0], ours[-1]) == (theirs[-1], theirs[0])

    def _agrees(self, place: int) -> bool:
        """Tell whether what the clause repeats is negated as the clause is."""
        if self._clause.is_refusal or self._clause.is_constant:
            return True
        return self._is_denied(place) if self._clause.is_negated else self._is_affirmed(place)

    def _is_denied(self, place: int) -> bool:
        """Tell whether a negated clause says some of it, or it is refused or stays as it is."""
        said = (self._clauses_saying(meaning, place) for meaning in self._content | self._anchors)
        return (
            any(clauses and all(clause.is_negated for clause in clauses) for clauses in said)
            or any(c.is_refusal for each in self._recording.near(place) for c in each.clauses)
            or any(clause.is_constant for clause in self._at(place).clauses)
        )

    def _is_affirmed(self, place: int) -> bool:
        """Tell whether no more than half of it is negated, nor all of a negated clause repeated.

        What a clause says before its negation is neither: "Ben does not pay" is no word on Ben.
        """
        here = self._at(place)
        weight = negated_weight = 0.0
        is_repeated = False
        for meaning in self._content | self._anchors:
            clauses = self._clauses_saying(meaning, place)
            is_home = meaning in here.places
            spared = [is_home and self._spares(clause, meaning) for clause in clauses]
            if all(spared):
                continue
            weight += self._recording.weight(meaning)
            if all(clause.is_negated for clause in clauses) and not any(spared):
                share = 1 if is_home else _NEAR_WEIGHT
                negated_weight += self._recording.weight(meaning) * share
                is_repeated = is_repeated or any(map(self._repeats, clauses))
        is_refused = any(clause.is_refusal for clause in here.clauses)
        return not is_repeated and (is_refused or negated_weight <= _NEGATED_SHARE_MAX * weight)

    def _spares(self, clause: Clause, meaning: str) -> bool:
        """Tell whether a negation comes after all that a clause says of a meaning."""
        return clause.is_negated and meaning not in map(self._recording.meaning, clause.denied)

    def _repeats(self, clause: Clause) -> bool:
        """Tell whether the claim says all that a clause of the recording says."""
        meaning = self._recording.lexicon.meaning
        return {meaning(word.folded) for word in clause.content} <= self._content

    def _clauses_saying(self, meaning: str, place: int) -> list[Clause]:
        """Return the clauses of the place that say it; of the neighbours only if it must be."""
        here = self._at(place)
        if meaning in here.places:
            return [here.clauses[number] for number in here.places[meaning]]
        return [
            utterance.clauses[number]
            for utterance in self._recording.near(place)
            for number in utterance.places.get(meaning, ())
        ]
