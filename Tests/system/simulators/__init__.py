"""Strict simulators of the chat web sites, on loopback.

They behave as the documents say, and refuse what the site is documented to refuse, with its own error form. Nobody checked them
against a live site: to be accepted by them is to agree with the documents, no more."""
from .base import Answer
from .deepseek import DeepSeek
from .doubao import Doubao
from .kimi import Kimi
from .metaso import Metaso
from .minimax import MiniMax
from .qwen import Qwen
from .qwen_intl import QwenIntl
from .zhipu import Zhipu

# By the name of the provider file.
SITES = {"deepseek-web": DeepSeek, "kimi-web": Kimi, "metaso-web": Metaso, "doubao-web": Doubao, "qwen-web": Qwen, "qwen-intl": QwenIntl,
         "zhipu-web": Zhipu, "minimax-web": MiniMax}
