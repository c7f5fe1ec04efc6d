"""The trainers' own readers, run over an export: `trainers.py FORMAT FOLDER` prints how many rows they were given, kept, and complained of.

What runs is the code on PyPI: LLaMA-Factory's converters, templates and processors, TRL's data utilities, axolotl's chat template strategy, ms-swift's
preprocessors. Torch, transformers and their kin are stand-ins that do nothing, and so is the tokenizer: a character is a token.
"""
import importlib.abc
import importlib.machinery
import json
import logging
import os
import pathlib
import sys
import types
from contextlib import contextmanager

FOLDER = pathlib.Path(sys.prefix) / "trainers"
STAND_INS = {
    "torch", "torchaudio", "transformers", "peft", "modelscope", "accelerate", "safetensors", "PIL", "av", "librosa", "fire", "termcolor", "addict",
    "json_repair", "omegaconf", "psutil", "scipy", "matplotlib", "binpacking", "gradio", "vllm", "deepspeed", "bitsandbytes", "colorama"}


class Meta(type):
    """Of classes whose members are there when they are asked for."""

    def __getattr__(cls, name):
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        setattr(cls, name, "" if name.isupper() else Meta(name, (StandIn,), {}))
        return type.__getattribute__(cls, name)

    def __or__(cls, other):
        return cls

    __ror__ = __or__

    def __iter__(cls):
        return iter(())

    def __getitem__(cls, item):
        return cls

    def __lt__(cls, other):
        return False

    __gt__ = __le__ = __ge__ = __lt__


class StandIn(metaclass=Meta):
    """Can be made, called, subclassed, and used as a decorator or a context."""

    def __init__(self, *words, **more):
        pass

    def __call__(self, *words, **more):
        return words[0] if len(words) == 1 and callable(words[0]) else StandIn()

    def __getattr__(self, name):
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return StandIn()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return False

    def __bool__(self):
        return False

    def __getitem__(self, item):
        return self


class StandInModule(types.ModuleType):
    __path__ = []
    __version__ = "99.0.0"

    def __getattr__(self, name):
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        made = Meta(name, (StandIn,), {"__module__": self.__name__})
        setattr(self, name, made)
        return made


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in STAND_INS:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return StandInModule(spec.name)

    def exec_module(self, module):
        pass


def package(name, **members):
    """A package whose own __init__ isn't run."""
    module = types.ModuleType(name)
    module.__path__ = [str(FOLDER / name.replace(".", "/"))]
    module.__dict__.update(members)
    sys.modules[name] = module
    return module


class Tokenizer:
    eos_token, eos_token_id, bos_token, bos_token_id, pad_token_id = "</s>", 1, "", 2, 0

    def encode(self, text, add_special_tokens=False):
        return [ord(letter) for letter in text]

    def convert_tokens_to_ids(self, token):
        return 3


def llama_factory(rows, folder, format):
    for name in ("llamafactory", "llamafactory.data", "llamafactory.data.processor"):
        package(name)
    from llamafactory.data import template
    from llamafactory.data.converter import AlpacaDatasetConverter, SharegptDatasetConverter
    from llamafactory.data.parser import DatasetAttr
    from llamafactory.data.processor.feedback import FeedbackDatasetProcessor
    from llamafactory.data.processor.pairwise import PairwiseDatasetProcessor
    from llamafactory.data.processor.supervised import SupervisedDatasetProcessor
    info = next(iter(json.loads((folder / "dataset_info.json").read_text()).values()))
    attribute = DatasetAttr("file", "apus")
    attribute.join(info) if hasattr(attribute, "join") else None
    arguments = types.SimpleNamespace(
        media_dir=str(folder), cutoff_len=1 << 24, train_on_prompt=False, mask_history=False, streaming=False, packing=False, neat_packing=False)
    converter = (AlpacaDatasetConverter if format == "alpaca" else SharegptDatasetConverter)(attribute, arguments)
    kind = PairwiseDatasetProcessor if "dpo" in format else FeedbackDatasetProcessor if "kto" in format else SupervisedDatasetProcessor
    processor = kind(template=template.TEMPLATES["qwen3"], tokenizer=Tokenizer(), processor=None, data_args=arguments)
    kept, errors = 0, []
    for row in rows:
        try:
            example = converter(row)
            images = example["_images"] or []
            texts = "".join(message["content"] for message in example["_prompt"] + example["_response"])
            assert texts.count("<image>") == len(images), "images and their places differ"
            assert all(os.path.isfile(image) for image in images), "an image is not there"
            if images:  # the stand-in of the template has no eyes
                for message in example["_prompt"] + example["_response"]:
                    message["content"] = message["content"].replace("<image>", "")
                example["_images"] = None
            out = processor.preprocess_dataset({key: [value] for key, value in example.items()})
            kept += len(next(iter(out.values()), []))
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")
    return kept, errors


def trl(rows, folder, format):
    package("trl")
    from trl import data_utils
    kept, errors = 0, []
    for row in rows:
        try:
            row = {key: value for key, value in row.items() if value is not None}
            assert data_utils.is_conversational(row)
            keys = {"messages"} if "messages" in row else set(row) - {"images", "tools"}
            assert keys in ({"messages"}, {"prompt", "completion"}, {"prompt", "chosen", "rejected"}, {"prompt", "completion", "label"}), keys
            messages = row.get("messages") or row["prompt"] + (row.get("completion") or row["chosen"])
            if row.get("images"):
                data_utils.prepare_multimodal_messages(json.loads(json.dumps(messages)), [str(folder / image) for image in row["images"]])
            if row.get("tools"):
                assert all(tool["function"]["name"] for tool in json.loads(row["tools"]))
            pair_results(messages)
            kept += 1
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")
    return kept, errors


def pair_results(messages):
    """Every result answers a call of the turn before, and every call that is not the last turn's has one."""
    waiting = []
    for message in messages:
        if message["role"] == "tool":
            waiting.remove(message["tool_call_id"])
            continue
        assert not waiting, "a call without its result"
        waiting = [call["id"] for call in message.get("tool_calls") or []]


def axolotl(rows, folder, format):
    for name in ("axolotl", "axolotl.prompt_strategies", "axolotl.utils"):
        package(name)
    from axolotl.prompt_strategies.chat_template import ChatTemplateStrategy
    strategy = object.__new__(ChatTemplateStrategy)
    names = ("role", "content", "reasoning_content", "tool_calls", "tool_call_id", "name")
    strategy.prompter = types.SimpleNamespace(
        field_messages="messages", field_tools="tools", field_system="system", roles={"human": "user", "gpt": "assistant"},
        message_property_mappings={name: name for name in names}, message_field_training="train", message_field_training_detail="train_detail",
        drop_system_message=False, template_thinking_key="reasoning_content", chat_template_msg_variables=set(names))
    strategy.split_thinking = False
    kept, errors = 0, []
    for row in rows:
        try:
            turns = strategy.get_conversation_thread(row)
            tools = strategy._get_tools(row) if row.get("tools") else None
            assert tools is None or all(tool["function"]["parameters"]["type"] == "object" for tool in tools)
            assert turns[-1]["role"] == "assistant"
            pair_results(row["messages"])
            kept += 1
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")
    return kept, errors


def ms_swift(rows, folder, format):
    @contextmanager
    def nothing(*words, **more):
        yield

    for name in ("swift", "swift.dataset", "swift.dataset.preprocessor", "swift.template"):
        package(name)
    utils = package(
        "swift.utils", get_logger=lambda *words: logging.getLogger("swift"), is_dist=lambda: False, is_master=lambda: True, safe_ddp_context=nothing)
    from swift.utils.schema_utils import TOOL_KEYS, remove_arrow_padding
    utils.TOOL_KEYS, utils.remove_arrow_padding = TOOL_KEYS, remove_arrow_padding
    from swift.template.utils import history_to_messages
    sys.modules["swift.template"].history_to_messages = history_to_messages
    from swift.dataset.preprocessor.core import MessagesPreprocessor
    preprocessor = MessagesPreprocessor()
    kept, errors = 0, []
    for row in rows:
        try:
            row = {key: value for key, value in row.items() if value is not None}
            read = preprocessor.preprocess(json.loads(json.dumps(row)))
            preprocessor._check_messages(read)
            texts = "".join(message["content"] for message in read["messages"] if isinstance(message["content"], str))
            assert texts.count("<image>") == len(row.get("images") or [])
            calls = sum(message["role"] == "tool_call" for message in row["messages"])
            results = sum(message["role"] in ("tool", "tool_response") for message in row["messages"])
            last = sum(1 for _ in iter_last_calls(row["messages"]))
            assert calls - last == results, "calls and results differ"
            kept += 1
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")
    return kept, errors


def iter_last_calls(messages):
    for message in reversed(messages):
        if message["role"] != "tool_call":
            return
        yield message


READERS = {
    "sharegpt": llama_factory, "sharegpt-dpo": llama_factory, "sharegpt-kto": llama_factory, "alpaca": llama_factory, "trl": trl, "trl-dpo": trl,
    "trl-kto": trl, "axolotl": axolotl, "ms-swift": ms_swift, "ms-swift-dpo": ms_swift, "ms-swift-kto": ms_swift}


def main(format, folder):
    import datasets
    folder = pathlib.Path(folder)
    datasets.logging.set_verbosity_error()
    datasets.disable_progress_bars()
    lines = [json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()]
    loaded = datasets.load_dataset("json", data_files=str(folder / "train.jsonl"), split="train", cache_dir=str(folder / "cache"))
    rows = [dict(row) for row in loaded]
    kept, errors = len(rows), []
    if format in READERS:
        sys.meta_path.insert(0, Finder())
        sys.path.insert(0, str(FOLDER))
        kept, errors = READERS[format](rows, folder, format)
    print(json.dumps({"lines": len(lines), "loaded": len(rows), "kept": kept, "errors": errors[:5]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
