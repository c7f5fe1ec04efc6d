-- Chat requests for wrk whose texts all differ: `-- BYTES SEED`, so many bytes of words, three quarters of them Latin ones and the rest
-- Chinese characters, common ones more often than rare ones (by Zipf). Some things are rare, for the filters and searches of `run`.
local request_count = 0

-- Word number n, in syllables and a last letter: common ones are short, the mean is five letters as in English. mock.c makes its words
-- in the same way.
local consonants, vowels = "bdfghjklmnprstvw", "aeiou"
function latin(n)
  local word, last = "", n % 16 + 1
  repeat
    local rest = n % 80
    local c, v = math.floor(rest / 5) + 1, rest % 5 + 1
    word = word .. consonants:sub(c, c) .. vowels:sub(v, v)
    n = math.floor(n / 80)
  until n == 0
  return word .. consonants:sub(last, last)
end

-- Character number n of the common ones, in UTF-8.
function chinese(n)
  local code = 0x4E00 + n * 7 % 5000
  return string.char(0xE0 + math.floor(code / 4096), 0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
end

local function ranked(most) return math.floor(math.exp(math.random() * math.log(most))) - 1 end

local latins, chineses = {}, {}
local function text(size)
  local parts, length, part = {}, 0
  while length < size do
    if math.random() < 0.15 then
      local run = {}
      for i = 1, 1 + math.random(8) do run[i] = chineses[ranked(3000)] end
      part = table.concat(run)
    else
      part = latins[ranked(30000)]
    end
    parts[#parts + 1] = part
    length = length + #part + 1
  end
  return table.concat(parts, " ")
end

function init(args)
  size = tonumber(args[1])
  math.randomseed(tonumber(args[2]))
  for n = 0, 30000 do latins[n] = latin(n) end
  for n = 0, 3000 do chineses[n] = chinese(n) end
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Bearer sk-bench-1234"
end

function request()
  request_count = request_count + 1
  local said, model, tools = text(size), "gpt-4o-mini", ""
  if request_count % 1000 == 0 then said = said .. " albatross 雨燕" end
  if request_count % 100 == 0 then model = "gpt-4o" end
  if request_count % 50 == 0 then
    tools = '"tools":[{"type":"function","function":{"name":"look","parameters":{"type":"object","properties":{}}}}],'
  end
  return wrk.format("POST", "/v1/chat/completions", nil,
    '{"model":"' .. model .. '","max_tokens":500,' .. tools .. '"messages":[{"role":"user","content":"' .. said .. '"}]}')
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"seconds":%.3f,"p50_ms":%.3f,"p99_ms":%.3f,"errors":%d}\n', summary.requests,
    summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    e.connect + e.read + e.write + e.status + e.timeout))
end
