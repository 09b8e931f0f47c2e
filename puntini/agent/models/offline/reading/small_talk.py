"""Greetings, thanks and questions about the model itself: fixed phrases, compared without signs."""

from puntini.agent.models.offline.reading.memory import Memory
from puntini.agent.models.offline.text.words import COMMA, Clause
from puntini.agent.models.offline.wishes.contract import Wish
from puntini.agent.models.offline.wishes.talk import Talk, Topic

MOST_WORDS = 8
_PHRASES: dict[Topic, str] = {
    "greeting": (
        "hi | hello | hey | hello there | hi there | hey there | good morning | good afternoon | good evening "
        "| hello puntini | hi puntini | hey puntini | how are you | how are you doing | ciao | hallo"
    ),
    "help": (
        "help | help me | what can you do | what can i do | what can i say | what can i ask | what can i ask "
        "you | how does this work | how do you work | what do you understand | what are your capabilities | "
        "show me what you can do | examples | give me examples | what else can you do | commands | what "
        "commands are there | what do you do | how can you help me"
    ),
    "identity": (
        "who are you | what are you | are you an ai | are you a robot | are you real | are you a language "
        "model | are you an llm | are you human | are you claude | are you chatgpt | which model are you | "
        "what model are you | what is your name | what's your name | are you online | are you offline | "
        "introduce yourself"
    ),
    "thanks": (
        "thanks | thank you | thanks a lot | thank you very much | great | cool | nice | perfect | well done "
        "| ok | okay"
    ),
    "farewell": "bye | goodbye | good bye | see you | see you later | good night",
    "undo": "undo | undo that | undo it | undo the last step | revert | revert that | take that back",
    "go on": "go on | continue | carry on | yes | no | yes please | more | next | and then",
}
_TOPICS: dict[str, Topic] = {
    " ".join(phrase.split()): topic for topic, phrases in _PHRASES.items() for phrase in phrases.split("|")
}


def small_talk(clause: Clause, memory: Memory) -> list[Wish]:
    """What is said to the model as such."""
    if len(clause.words) > MOST_WORDS:
        return []
    topic = _TOPICS.get(" ".join(word.low for word in clause.words if word.low != COMMA))
    return [Talk(topic)] if topic else []
