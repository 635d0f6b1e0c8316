"""The project's language: one term for one thing, plain English, errors that do not ask.

The tables list phrases that were in this project once, and what to write instead. If a phrase is
right in one place, add it to EXCEPTIONS with the reason. This file is read like all others: a ~ in
a phrase keeps it from being found here, and `plain` removes it.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import pytest

from ..support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def plain(text: str) -> str:
    """Return `text` without the marks that keep it from being found in this file."""
    return text.replace("~", "")


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
        "loc~ator loca~tors",
        "resource",
        "the loc~ator of a source",
        after=r"(?! params\b)",
        before=r"(?<!SCHEME:)",
    ),
    Phrase("fet~cher fetc~hers", "backend", "class Fet~cher:"),
    Phrase("cur~sor cur~sors", "token", "entry.cur~sor"),
    Phrase("d~ue", "stale, refresh_at", "d~ue_at = 0.0", after=r"(?! to\b)"),
    Phrase("patient", "wait", "pati~ent=True", after=r" ?[:=](?!=)"),
    Phrase("mi~ne", "entry, own", "newer(mi~ne, found)", before=r"(?<![\"'])"),
    Phrase("with~held", "redacted", "with~held names"),
    Phrase("hand~over hand~overs", "handoff", "_hand~over.loads(text)"),
    Phrase("hand hands", "handoff", "what the wrapper hands ov~er", after=r"[ -]overs?\b"),
    Phrase("overlap", "deferred source, background fetch", "over~lap=None", after=r" ?[:=](?!=)"),
    Phrase("st~and sta~nds", "use, replace", "what sta~nds in for them", after=r" in\b(?! line)"),
    Phrase("st~and", "fake", "hand-written stan~d-ins", after=r"-ins?\b"),
    Phrase(
        "read reads reading fetch fetches fetched load loads loaded loading",
        "in the background",
        "3 sources read mean~while",
        after=r" meanwhile\b",
    ),
    Phrase("pic~kup pic~kups", "handoff", "the pic~kup of the secrets"),
    Phrase("patience", "timeout, wait", "self._pati~ence()", after=r"\("),
    Phrase("po~rt", "client, errors", "from .aws import errors as po~rt", before=r"(?<=\bas )"),
    Phrase("folder", "LocalBackend", "class LocalFol~der:", before=r"(?<=Local)"),
    Phrase(
        "ans~wer ans~wers",
        "response",
        "the ans~wer of the server",
        before="".join(
            f"|(?<=\\b{word} )"
            for word in (
                "[Aa]n",
                "[Tt]he",
                "[Nn]o",
                "[Ee]ach",
                "[Ee]very",
                "[Tt]his",
                "[Oo]ne",
                "[Ff]irst",
                "[Ll]ast",
                "[Nn]ext",
                "[Ss]ame",
                "[Ww]hole",
                "its",
                "their",
                "HTTP",
                "AWS",
            )
        )[1:],
    ),
    Phrase("ans~wer ans~wers", "response", "ans~wer.body", after=r"([\[(]|\.\w| = |: [A-Z])"),
    Phrase("text label", "reference", "text: the refe~rence", after=r": (a|the) reference\b"),
    Phrase(
        "asks asked",
        "request, call",
        "what each asks A~WS for",
        after=r" (AWS|the (server|service))\b",
    ),
    Phrase("fl~oor", "stdlib baseline, minimum, lowest version", "the fl~oor", before=r"(?<=the )"),
    Phrase("turn", "lock, exclusive access", "who has not t~he turn", before=r"(?<=the )"),
    Phrase("for~ce", "refresh, even_fresh", "load(for~ce=[APP])", after=r" ?[:=](?!=)"),
    Phrase("befo~re", "previous", "befo~re: Entry | None", after=r": (Entry|Snapshot)\b"),
    Phrase("kno~wn", "own, snapshot", "kno~wn: Snapshot", after=r": (Entry|Snapshot)\b"),
    Phrase("turn", "exclusive access to", "A turn a~t the snapshot's file", after=r" at\b"),
    Phrase("polled", "refreshed lazily", "polled when a ca~ll finds that", after=r" when a call\b"),
    Phrase("gar~bled", "InvalidResponse", "Gar~bled: no JSON"),
    Phrase("stuck", "ABANDONED_LOCK_FACTOR", "ST~UCK = 2", after=r" ?= ?\d"),
    Phrase("but", "replace", "entry.bu~t(token='')", after=r"\(", before=r"(?<=[. ])"),
    Phrase(
        "start",
        "cold start, startup, prefetch",
        "The start wa~its for AWS",
        after=r" (that|goes|waits|fails|has|does|pays|may|must|can|would|ends)\b",
        before=r"(?<=[Tt]he )|(?<=\b[Aa] )|(?<=\b[Nn]o )|(?<=[Ee]very )",
    ),
    Phrase(
        "start",
        "cold start",
        "the milliseconds of a start",
        after=r"(?! of\b)(?=[ ,.;:)\n']|$)(?!\.\w| ?[:=] )",
        before=r"(?<=\b[Aa] )|(?<=\b[Nn]o )|(?<=[Ee]very )|(?<=[Ee]ach )|(?<=\b[Oo]ne )",
    ),
    Phrase("sta~rts", "cold sta~rts", "the share of sta~rts that", before=r"(?<=\bof )"),
)
# A clause where a noun belongs, and verbs of speech for what programs do.
CLAUSES = (
    Phrase("who~ever", "name the process or the person", "who~ever holds it"),
    Phrase("w~ho", "name the subject", "def test_w~ho_reads_it() -> None:", before=r"(?<=\btest )"),
    Phrase(
        "who",
        "caller, reader, process",
        "# Who as~ks waits",
        after=r" (asks|reads|writes|holds|has)\b",
        before=r"(?<=[#.;:(] )|(?<=\"\"\")",
    ),
    Phrase(
        "whatever",
        "contents, any",
        "what~ever it finds",
        after=r" (it|is|was|else|goes)\b",
        before=r"(?<!, )",
    ),
    Phrase(IS, "log, report, return", "names are sa~id", after=r" (said|told)\b(?! (apart|to be))"),
    Phrase(
        "says tells",
        "log, report, name, describe, state",
        "The message sa~ys what is missing",
        after=r"(?! (apart|you)\b)",
        before="".join(
            f"|(?<={subject} )"
            for subject in (
                "script",
                "package",
                "page",
                "message",
                "line",
                "README",
                "MD",
                "log",
                "error",
                "comment",
                "test",
                "table",
                "wrapper",
                "helper",
                "command",
                "response",
                "report",
            )
        )[1:],
    ),
    Phrase("give", "have", "as errors give th~em", after=r" them\b", before=r"(?<=s )"),
    Phrase("gives", "has, produces", "the log gives the rea~son", after=r" (the|its) reason\b"),
    Phrase("said told", "message, reason, line", "to~ld = _unexpected(error)", after=r" = "),
    Phrase("give gives", "Return", '"""Gi~ve the names."""', before=r"(?<=\"\"\")"),
    Phrase(
        "gives",
        "return",
        "Carry it out; gives t~he exit code.",
        after=r" (the|a|what|its|None|True)\b",
        before=r"(?<=[;:,] )",
    ),
    Phrase("source", "document", "what a source answ~ered", after=r" (?:answer)(s|ed)\b"),
    Phrase("speak speaks", "does not use", "speaks n~o TLS", after=r" no\b"),
    Phrase(
        "gave gives", "cannot be reached", "AWS gave no ver~dict", after=r" (no|a|its) verdict\b"
    ),
    Phrase("tell tells", "cannot be compared", "times tell n~o order", after=r" no\b"),
    Phrase("wait waits", "does not wait, never delays", "waits for n~o answer", after=r" for no\b"),
)
# Processes are not people.
PEOPLE = (
    Phrase("nob~ody some~body", "no process, another thread, the lock holder", "nob~ody reads it"),
    Phrase("mistake mistakes", "our own bug", "a mistake of ou~rs", after=r" of ours\b"),
    Phrase(
        "something", "a proxy or gateway", "is something bet~ween here and AWS?", after=" between"
    ),
    Phrase("aws", "AWS is unavailable", "on the day that AWS is aw~ay", after=r" is away\b"),
)
# Words in a sense, or in an order, that English does not have.
WORDS = (
    Phrase(
        "st~and sta~nds st~ood",
        "is, is stored, appears, exists",
        "'a' sta~nds twice",
        after=r"(?! ?(in|for|by|out|up|still)\b)(?!-)",
    ),
    Phrase("bes~ide", "next to, alongside, in the background", "bes~ide the runtime"),
    Phrase(
        "signs",
        "characters",
        "262,144 si~gns",
        before=r"(?<=[\d}#] )|(?<=\b(?:the|all) )|(?<=other )|(?<=without )|(?<=many )|(?<=more )",
    ),
    Phrase("signs", "characters, marks", "sig~ns: str", after=r": |\.[a-z]| = "),
    Phrase(
        "sign si~gns", "character", "control si~gns", before=r"(?<=control )|(?<=per )|(?<=ASCII )"
    ),
    Phrase(
        "is are was were",
        "is not a",
        "is n~o flag",
        after=r" no (?!(longer|more|less|fewer|older|newer|later|earlier|higher|lower|larger"
        r"|smaller|faster|slower|one|reason|need|way|point|doubt|good|guarantee|substitute)\b)\w+",
        before=r"(?<!there )(?<!There )",
    ),
    Phrase(
        "is are was were",
        "is not one",
        "a mapping that is no~ne",
        after=r" none\b(?! of)",
        before=r"(?<!there )(?<!There )",
    ),
    Phrase("has have had", "does not have", "has not t~he lock", after=r" not (a|an|the|its)\b"),
    Phrase(
        "clock clocks",
        "moved backwards",
        "The clock went ba~ck",
        after=r" (that )?(has |had )?(go|goes|went|gone|going) back\b",
    ),
    Phrase(
        "want", "expected X, got Y", 'f"wa~nt JSON"', after=r" (?!to\b)\S+", before=START_OF_TEXT
    ),
    Phrase("want", "expected X, got Y", "wa~nt a port, got {x}", after=r" [^.]{1,80}, got\b"),
    Phrase("got", "is not a valid X", "got something el~se", after=r" something else\b"),
    Phrase(
        "no", "not attempted before the deadline", "no time was le~ft", after=r" time was left\b"
    ),
    Phrase("why", "the reason", "why that was not poss~ible", after=r" that was not possible\b"),
    Phrase("is", "exists, but", "is there, but n~ot what runs it", after=r" there, but not\b"),
    Phrase("become", "exec COMMAND", "put it there and become COM~MAND", after=r" COMMAND\b"),
)
# Archaisms.
ARCHAISMS = (
    Phrase("like~wise", "also, the same", "like~wise"),
    Phrase("an~ew", "again", "read an~ew"),
    Phrase("as", "as before", "as ev~er", after=r" ever\b"),
    Phrase("for", "forever", "waits for ev~er", after=r" ever\b"),
    Phrase("ever", "from then on", "and ever af~ter", after=r" after\b"),
    Phrase("for", "without", "for want o~f a lock", after=r" (?:want) of\b"),
    Phrase("in", "without success", "asked in va~in", after=r" vain\b"),
    Phrase("well", "recovered", "well ag~ain after 3 failed attempts", after=r" again\b"),
    Phrase("me~nd me~nds men~ded men~ding", "fix", "Me~nd what a review found"),
    Phrase("la~ck la~cks lac~ked lac~king", "be missing, be without", "what the layer la~cks"),
    Phrase("bef~all bef~alls befa~llen", "happen", "what bef~alls it"),
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


EXCEPTIONS: tuple[Excepted, ...] = (
    *(
        Excepted("appconfig_env/_backends/aws/boto3_client.py", phrase, "a name in botocore")
        for phrase in ("Fet~cher", "fet~cher")
    ),
    *(
        Excepted(file, "start", "the module one_start")
        for file in (
            "benchmarks/__main__.py",
            "tests/release/test_benchmarks_page.py",
        )
    ),
)

# What is read, by the name of the test's parameter. A folder may be missing.
ROOTS = {
    "package": ("appconfig_env/**/*.py", "wrapper/*"),
    "documents": ("*.md", "docs/**/*.md"),
    "tests": ("tests/**/*.py",),
    "benchmarks": ("benchmarks/**/*.py",),
    "simulations": ("simulations/**/*.py",),
    "tools": ("tools/*",),
    "examples": ("examples/**/*",),
    "build": (
        "Makefile",
        "template.yaml",
        "pyproject.toml",
        "requirements/*.in",
        ".ci/*",
        ".github/**/*",
        ".gitignore",
        ".pre-commit-config.yaml",
    ),
}

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
    for _word in plain(_phrase.words).split():
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
    return sorted(path for path in found if "__pycache__" not in path.parts)


@cache
def hits_in(root: str) -> list[Hit]:
    texts = {path.relative_to(ROOT).as_posix(): path.read_text() for path in files(root)}
    return [hit for file, text in texts.items() for hit in hits(text, file)]


@pytest.mark.parametrize("root", ROOTS)
def test_no_phrase_of_the_dialect_is_in(root: str) -> None:
    excepted = {(one.file, plain(one.phrase)) for one in EXCEPTIONS}
    found = [hit for hit in hits_in(root) if (hit.file, hit.phrase) not in excepted]
    if found:
        pytest.fail("\n".join(map(str, found)), pytrace=False)


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: plain(phrase.example))
def test_each_phrase_is_found_in_its_example(phrase: Phrase) -> None:
    assert phrase.write in {hit.write for hit in hits(plain(phrase.example))}


@pytest.mark.parametrize("text", LEGITIMATE)
def test_plain_english_has_no_phrase_of_the_dialect(text: str) -> None:
    assert hits(text) == []


def test_a_phrase_is_found_across_lines_strings_comments_and_names() -> None:
    text = plain("""
    # Read it
    # an~ew and whatever
    # i~t finds.
    raise ValueError(
        f"the token sta~nds "
        f"i~n the file")

def test_a_token_is_sa~id_by_nob~ody(): ...
class FakeFet~cher: ...
""")
    found = [(hit.line, hit.phrase) for hit in hits(text)]
    assert found == [
        (line, plain(phrase))
        for line, phrase in [
            (3, "an~ew"),
            (3, "whatever i~t"),
            (6, "sta~nds i~n"),
            (9, "is sa~id"),
            (9, "nob~ody"),
            (10, "Fet~cher"),
        ]
    ]


def test_the_message_names_file_line_phrase_and_replacement() -> None:
    (hit,) = hits(plain("\nread an~ew\n"), "docs/page.md")
    assert str(hit) == plain("docs/page.md:2: 'an~ew'; write: again")


def test_every_exception_is_needed() -> None:
    found = {(hit.file, hit.phrase) for root in ROOTS for hit in hits_in(root)}
    assert {(one.file, plain(one.phrase)) for one in EXCEPTIONS} <= found


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
