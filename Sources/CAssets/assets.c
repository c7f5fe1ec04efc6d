#include "assets.h"

#include <string.h>

// An entry of the table below. #embed can't come out of a macro, so that an entry has three lines; the files are
// text, so that the zero at the end tells the length.
#define FILE(name) {name, (const unsigned char[]){
#define END , 0}},

// All of Providers/, in the order of DESIGN §5: official ones first, then web apps, those that are on only when named last.
static const struct {
  const char *name;
  const unsigned char *text;
} files[] = {
FILE("deepseek.yaml")
#embed "../../Providers/deepseek.yaml"
END
FILE("moonshot.yaml")
#embed "../../Providers/moonshot.yaml"
END
FILE("zhipu.yaml")
#embed "../../Providers/zhipu.yaml"
END
FILE("minimax.yaml")
#embed "../../Providers/minimax.yaml"
END
FILE("dashscope.yaml")
#embed "../../Providers/dashscope.yaml"
END
FILE("ark.yaml")
#embed "../../Providers/ark.yaml"
END
FILE("qianfan.yaml")
#embed "../../Providers/qianfan.yaml"
END
FILE("siliconflow.yaml")
#embed "../../Providers/siliconflow.yaml"
END
FILE("openai.yaml")
#embed "../../Providers/openai.yaml"
END
FILE("anthropic.yaml")
#embed "../../Providers/anthropic.yaml"
END
FILE("gemini.yaml")
#embed "../../Providers/gemini.yaml"
END
FILE("jina.yaml")
#embed "../../Providers/jina.yaml"
END
FILE("deepseek-web.yaml")
#embed "../../Providers/deepseek-web.yaml"
END
FILE("kimi-web.yaml")
#embed "../../Providers/kimi-web.yaml"
END
FILE("metaso-web.yaml")
#embed "../../Providers/metaso-web.yaml"
END
FILE("doubao-web.yaml")
#embed "../../Providers/doubao-web.yaml"
END
FILE("qwen-web.yaml")
#embed "../../Providers/qwen-web.yaml"
END
FILE("qwen-intl.yaml")
#embed "../../Providers/qwen-intl.yaml"
END
FILE("zhipu-web.yaml")
#embed "../../Providers/zhipu-web.yaml"
END
FILE("minimax-web.yaml")
#embed "../../Providers/minimax-web.yaml"
END
FILE("edgeone.yaml")
#embed "../../Providers/edgeone.yaml"
END
FILE("ollama.yaml")
#embed "../../Providers/ollama.yaml"
END
FILE("vllm.yaml")
#embed "../../Providers/vllm.yaml"
END
FILE("llamacpp.yaml")
#embed "../../Providers/llamacpp.yaml"
END
FILE("lmstudio.yaml")
#embed "../../Providers/lmstudio.yaml"
END
};

struct apus_asset apus_provider_file(size_t position) {
  if (position >= sizeof files / sizeof *files) return (struct apus_asset){0};
  const unsigned char *text = files[position].text;
  return (struct apus_asset){files[position].name, text, strlen((const char *)text)};
}
