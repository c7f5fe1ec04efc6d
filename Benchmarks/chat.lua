-- A chat request for wrk, on a wire and of a size: `-- chat 1000`, `-- messages 200000`. The last line of the output is read by
-- `run`.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer sk-bench-1234"

-- Turns of about a kilobyte: a large request is a long talk, not one long text.
local function turns(size)
  local list, text = {}, string.rep("tell me about swifts ", 44)
  for i = 1, math.max(1, math.floor(size / 1000)) do
    local role = i % 2 == 1 and "user" or "assistant"
    list[i] = '{"role":"' .. role .. '","content":"' .. text .. '"}'
  end
  if #list % 2 == 0 then list[#list + 1] = '{"role":"user","content":"go on"}' end
  return table.concat(list, ",")
end

function init(args)
  local wire, size = args[1], tonumber(args[2])
  wrk.path = wire == "messages" and "/v1/messages" or "/v1/chat/completions"
  wrk.body = '{"model":"gpt-4o-mini","max_tokens":500,"temperature":0.7,"stream":false,"messages":[' .. turns(size) .. ']}'
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"seconds":%.3f,"p50_ms":%.3f,"p99_ms":%.3f,"errors":%d}\n', summary.requests,
    summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    e.connect + e.read + e.write + e.status + e.timeout))
end
