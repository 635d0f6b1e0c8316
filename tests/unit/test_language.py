"""The project's language: one term for one thing, plain English, errors that do not ask.

The tables list phrases that were in this project once, and what to write instead. If a phrase is
right in one place, add it to EXCEPTIONS with the reason.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from ..support.paths import ROOT


class Phrase(NamedTuple):
    """What not to write, and what to write instead.

    Attributes:
        words: any of these, in any case.
        write: the replacement.
        example: a text that has the phrase.
        after: a pattern for the text after the word.
        before: a lookbehind for the text before the word.
    """

    words: str
    write: str
    example: str
    after: str = ""
    before: str = ""


IS = "is are was were be been being"
START_OF_TEXT = r"(?<=[:;\"'] )|(?<=[\"'])"

# One term for one thing.
TERMS = (
    Phrase(
        "locator locators",
        "resource",
        "the locator of a source",
        after=r"(?! params\b)",
        before=r"(?<!SCHEME:)",
    ),
    Phrase("fetcher fetchers", "backend", "class Fetcher:"),
    Phrase("cursor cursors", "token", "entry.cursor"),
    Phrase("due", "stale, refresh_at", "due_at = 0.0", after=r"(?! to\b)"),
    Phrase("patient", "wait", "patient=True", after=r" ?[:=](?!=)"),
    Phrase("mine", "entry, own", "_newer(mine, found)", before=r"(?<![\"'])"),
    Phrase("withheld", "redacted", "withheld names"),
    Phrase("handover handovers", "handoff", "_handover.loads(text)"),
    Phrase("hand hands", "handoff", "what the wrapper hands over", after=r"[ -]overs?\b"),
    Phrase("overlap", "deferred source, background fetch", "overlap=None", after=r" ?[:=](?!=)"),
    Phrase("stand stands", "use, replace", "what stands in for them", after=r" in\b(?! line)"),
    Phrase("stand", "fake", "hand-written stand-ins", after=r"-ins?\b"),
    Phrase("read", "loading in the background", "3 sources read meanwhile", after=r" meanwhile\b"),
    Phrase("floor", "stdlib baseline, minimum, lowest version", "the floor", before=r"(?<=the )"),
    Phrase("turn", "lock, exclusive access", "who has not the turn", before=r"(?<=the )"),
    Phrase("turn", "exclusive access to", "A turn at the snapshot's file", after=r" at\b"),
    Phrase("polled", "refreshed lazily", "polled when a call finds that", after=r" when a call\b"),
    Phrase("garbled", "InvalidResponse", "Garbled: no JSON"),
    Phrase("stuck", "ABANDONED_LOCK_FACTOR", "STUCK = 2", after=r" ?= ?\d"),
    Phrase("but", "replace", "entry.but(token='')", after=r"\(", before=r"(?<=[. ])"),
    Phrase(
        "start",
        "cold start, startup, prefetch",
        "The start waits for AWS",
        after=r" (that|goes|waits|fails|has|does|pays|may|must|can|would|ends)\b",
        before=r"(?<=[Tt]he )|(?<=\b[Aa] )|(?<=\b[Nn]o )|(?<=[Ee]very )",
    ),
)
# A clause where a noun belongs, and verbs of speech for what programs do.
CLAUSES = (
    Phrase("whoever", "name the process or the person", "whoever holds it"),
    Phrase("who", "name the subject", "def test_who_reads_it() -> None:", before=r"(?<=\btest )"),
    Phrase(
        "who",
        "caller, reader, process",
        "# Who asks waits",
        after=r" (asks|reads|writes|holds|has)\b",
        before=r"(?<=[#.;:(] )|(?<=\"\"\")",
    ),
    Phrase(
        "whatever",
        "contents, any",
        "whatever it finds",
        after=r" (it|is|was|else|goes)\b",
        before=r"(?<!, )",
    ),
    Phrase(IS, "log, report, return", "names are said", after=r" (said|told)\b(?! (apart|to be))"),
    Phrase("said told", "message, reason, line", "told = _unexpected(error)", after=r" = "),
    Phrase("give gives", "Return", '"""Give the names."""', before=r"(?<=\"\"\")"),
    Phrase(
        "gives",
        "return",
        "Carry it out; gives the exit code.",
        after=r" (the|a|what|its|None|True)\b",
        before=r"(?<=[;:,] )",
    ),
    Phrase("source", "document", "what a source answered", after=r" answer(s|ed)\b"),
    Phrase("speak speaks", "does not use", "speaks no TLS", after=r" no\b"),
    Phrase(
        "gave gives", "cannot be reached", "AWS gave no verdict", after=r" (no|a|its) verdict\b"
    ),
    Phrase("tell tells", "cannot be compared", "times tell no order", after=r" no\b"),
    Phrase("wait waits", "does not wait, never delays", "waits for no answer", after=r" for no\b"),
)
# Processes are not people.
PEOPLE = (
    Phrase("nobody somebody", "no process, another thread, the lock holder", "nobody reads it"),
    Phrase("mistake mistakes", "our own bug", "a mistake of ours", after=r" of ours\b"),
    Phrase(
        "something", "a proxy or gateway", "is something between here and AWS?", after=" between"
    ),
    Phrase("aws", "AWS is unavailable", "on the day that AWS is away", after=r" is away\b"),
)
# Words in a sense, or in an order, that English does not have.
WORDS = (
    Phrase(
        "stand stands stood",
        "is, is stored, appears, exists",
        "'a' stands twice",
        after=r"(?! ?(in|for|by|out|up|still)\b)(?!-)",
    ),
    Phrase("beside", "next to, alongside, in the background", "beside the runtime"),
    Phrase(
        "signs",
        "characters",
        "262,144 signs",
        before=r"(?<=[\d}#] )|(?<=\b(?:the|all) )|(?<=other )|(?<=without )|(?<=many )|(?<=more )",
    ),
    Phrase("signs", "characters, marks", "signs: str", after=r": |\.[a-z]| = "),
    Phrase(
        "sign signs", "character", "control signs", before=r"(?<=control )|(?<=per )|(?<=ASCII )"
    ),
    Phrase(
        "is are was were",
        "is not a",
        "is no flag",
        after=r" no (?!(longer|more|less|fewer|older|newer|later|earlier|higher|lower|larger"
        r"|smaller|faster|slower|one|reason|need|way|point|doubt|good|guarantee|substitute)\b)\w+",
        before=r"(?<!there )(?<!There )",
    ),
    Phrase(
        "is are was were",
        "is not one",
        "a mapping that is none",
        after=r" none\b(?! of)",
        before=r"(?<!there )(?<!There )",
    ),
    Phrase("has have had", "does not have", "has not the lock", after=r" not (a|an|the|its)\b"),
    Phrase(
        "clock clocks",
        "moved backwards",
        "The clock went back",
        after=r" (that )?(has |had )?(go|goes|went|gone|going) back\b",
    ),
    Phrase(
        "want", "expected X, got Y", 'f"want JSON"', after=r" (?!to\b)\S+", before=START_OF_TEXT
    ),
    Phrase("want", "expected X, got Y", "want a port, got {x}", after=r" [^.]{1,80}, got\b"),
    Phrase("got", "is not a valid X", "got something else", after=r" something else\b"),
    Phrase(
        "no", "not attempted before the deadline", "no time was left", after=r" time was left\b"
    ),
    Phrase("why", "the reason", "why that was not possible", after=r" that was not possible\b"),
    Phrase("is", "exists, but", "is there, but not what runs it", after=r" there, but not\b"),
    Phrase("become", "exec COMMAND", "put it there and become COMMAND", after=r" COMMAND\b"),
)
# Archaisms.
ARCHAISMS = (
    Phrase("likewise", "also, the same", "likewise"),
    Phrase("anew", "again", "read anew"),
    Phrase("as", "as before", "as ever", after=r" ever\b"),
    Phrase("for", "forever", "waits for ever", after=r" ever\b"),
    Phrase("ever", "from then on", "and ever after", after=r" after\b"),
    Phrase("for", "without", "for want of a lock", after=r" want of\b"),
    Phrase("in", "without success", "asked in vain", after=r" vain\b"),
    Phrase("well", "recovered", "well again after 3 failed attempts", after=r" again\b"),
    Phrase("mend mends mended mending", "fix", "Mend what a review found"),
    Phrase("lack lacks lacked lacking", "be missing, be without", "what the layer lacks"),
    Phrase("befall befalls befallen", "happen", "what befalls it"),
)
PHRASES = (*TERMS, *CLAUSES, *PEOPLE, *WORDS, *ARCHAISMS)

# English that looks like a phrase above.
LEGITIMATE = (
    "SCHEME:LOCATOR[?OPTION=VALUE&...][#KEY]",
    "axes.locator_params(nbins=4)",
    "The timeout is due to the proxy; it fetches nothing.",
    "The client signs requests with SigV4, signs the body and verifies a signature.",
    "The assumed role signs further calls; each client signs. One line, whatever it contains.",
    "The ellipsis stands for what was cut off. Nodes stand in line, and the clock stands still.",
    "a standard library, an understood value, a standalone program",
    "There is no parameter; if there are none, the value is no longer used.",
    "It is no older than the interval, and none of them is stale. value is None",
    "It is no guarantee, and there is no reason to retry. It was my turn; turn it on.",
    "The two cannot be told apart.",
    "Startup fails; the cold start fails; the start of the file is a magic number.",
    "Do you want to read it? Users want a list.",
    "besides, amended, recommended, black, slack, forever, whenever",
    "the file was put back; the clock moved backwards",
    "Give the function least privilege. The table gives the figures.",
    "The overlap is small. if overlap == 1: retry --force",
    "The file is stuck; 15 is a floor, but (as before) not a limit.",
    "Users who have read the page ask AWS.",
    "whatever the interval; it is there. It said so and told them.",
)


class Excepted(NamedTuple):
    """A file that may have a phrase, and why."""

    file: str
    phrase: str
    reason: str


EXCEPTIONS: tuple[Excepted, ...] = tuple(
    Excepted("appconfig_env/_backends/aws/boto3_client.py", phrase, "part of a name in botocore")
    for phrase in ("Fetcher", "fetcher")
)

# What is read, by the name of the test's parameter. A folder may be missing.
ROOTS = {
    "package": ("appconfig_env/**/*.py", "wrapper/*"),
    "documents": ("*.md", "docs/**/*.md"),
    "tests": ("tests/**/*.py",),
    "benchmarks": ("benchmarks/**/*.py",),
    "simulations": ("simulations/**/*.py",),
    "tools": ("tools/**/*.py",),
    "examples": ("examples/**/*.py",),
    "build": ("Makefile", "template.yaml", "pyproject.toml", "requirements/*.in", ".ci/*"),
}
THIS_FILE = Path(__file__).resolve()  # has every phrase, as an example

WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")  # also of a name in CamelCase
# A line break inside a sentence, with the code around it: the end of a string, an indentation, the
# mark of a comment, the beginning of the next string.
BREAK = re.compile(r"[ \t]*[\"']?[ \t]*\n[ \t]*(?:#+ ?|[frb]{0,2}[\"'](?![\"']))?")


class Rule:
    """A phrase, compiled."""

    def __init__(self, phrase: Phrase) -> None:
        self.write = phrase.write
        # A space in a phrase may be a line break in the text.
        self._before = re.compile(f"(?:{phrase.before})".replace(" ", r"\s"))
        self._after = re.compile(phrase.after.replace(" ", r"\s"))

    def match(self, text: str, word: re.Match[str]) -> str:
        """Return the phrase that begins with `word`, or ''."""
        after = self._after.match(text, word.end())
        if after is None or self._before.match(text, word.start()) is None:
            return ""
        return " ".join(text[word.start() : after.end()].split())


RULES: defaultdict[str, list[Rule]] = defaultdict(list)
for _phrase in PHRASES:
    for _word in _phrase.words.split():
        RULES[_word].append(Rule(_phrase))


class Hit(NamedTuple):
    """A phrase that was found."""

    file: str
    line: int
    phrase: str
    write: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.phrase!r}; write: {self.write}"


def hits(text: str, file: str = "") -> list[Hit]:
    # Test names are sentences too. Each line break remains one character, which counts lines.
    text = BREAK.sub("\n", text.replace("_", " "))
    return [
        Hit(file, text.count("\n", 0, word.start()) + 1, phrase, rule.write)
        for word in WORD.finditer(text)
        for rule in RULES.get(word[0].lower(), ())
        if (phrase := rule.match(text, word))
    ]


def files(root: str) -> list[Path]:
    found = {path for pattern in ROOTS[root] for path in ROOT.glob(pattern) if path.is_file()}
    return sorted(found - {THIS_FILE})


@cache
def hits_in(root: str) -> list[Hit]:
    texts = {path.relative_to(ROOT).as_posix(): path.read_text() for path in files(root)}
    return [hit for file, text in texts.items() for hit in hits(text, file)]


@pytest.mark.parametrize("root", ROOTS)
def test_no_phrase_of_the_dialect_is_in(root: str) -> None:
    excepted = {(one.file, one.phrase) for one in EXCEPTIONS}
    found = [hit for hit in hits_in(root) if (hit.file, hit.phrase) not in excepted]
    if found:
        pytest.fail("\n".join(map(str, found)), pytrace=False)


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.example)
def test_each_phrase_is_found_in_its_example(phrase: Phrase) -> None:
    assert phrase.write in {hit.write for hit in hits(phrase.example)}


@pytest.mark.parametrize("text", LEGITIMATE)
def test_plain_english_has_no_phrase_of_the_dialect(text: str) -> None:
    assert hits(text) == []


def test_a_phrase_is_found_across_lines_strings_comments_and_names() -> None:
    text = """
    # Read it
    # anew and whatever
    # it finds.
    raise ValueError(
        f"the token stands "
        f"in the file")

def test_a_token_is_said_by_nobody(): ...
class FakeFetcher: ...
"""
    found = [(hit.line, hit.phrase) for hit in hits(text)]
    assert found == [
        (3, "anew"),
        (3, "whatever it"),
        (6, "stands in"),
        (9, "is said"),
        (9, "nobody"),
        (10, "Fetcher"),
    ]


def test_the_message_names_file_line_phrase_and_replacement() -> None:
    (hit,) = hits("\nread anew\n", "docs/page.md")
    assert str(hit) == "docs/page.md:2: 'anew'; write: again"


def test_every_exception_is_needed() -> None:
    found = {(hit.file, hit.phrase) for root in ROOTS for hit in hits_in(root)}
    assert {(one.file, one.phrase) for one in EXCEPTIONS} <= found


def literals(tree: ast.AST) -> list[tuple[int, str]]:
    """Return line and text of every string that is not a docstring; a value in it is '{}'."""
    skipped: set[int] = set()
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(id(node.value))
        elif isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
            skipped.update(map(id, node.values))
            found.append((node.lineno, "".join(map(str, parts))))
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in skipped
        ):
            found.append((node.lineno, node.value))
    return found


def questions(tree: ast.AST) -> list[tuple[int, str]]:
    """Return line and text of every sentence that ends in a question mark."""
    return [
        (line, found[0].strip())
        for line, text in literals(tree)
        if "?" in text
        for found in re.finditer(r"[^;:.!?]* [^;:.!?]*[^\s;:.!?]\?(?=$|[\s;,)\"'])", text)
    ]


def test_no_error_asks_a_question() -> None:
    asked = [
        f"{path.relative_to(ROOT)}:{line}: {text!r}; write an imperative"
        for path in files("package")
        if path.suffix == ".py" and "?" in (source := path.read_text())
        for line, text in questions(ast.parse(source))
    ]
    if asked:
        pytest.fail("\n".join(asked), pytrace=False)


def test_a_question_is_found_in_any_literal_but_a_docstring() -> None:
    source = '''
def f():
    """Is this a docstring?"""
    a = "not found; is the reference right?"
    b = f"no connection to {host}; is there a route to {host}? or a proxy"
    c = "x?", "expected # before ?"
    d = f"{path} ?{query}"
    return a, "or" "is it?", f"{'is it nested?'}"
'''
    assert questions(ast.parse(source)) == [
        (4, "is the reference right?"),
        (5, "is there a route to {}?"),
        (8, "oris it?"),
        (8, "is it nested?"),
    ]
