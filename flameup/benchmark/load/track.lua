-- Sends prepared requests to a track path, one after the other, and prints what came of them.
--
-- The environment says: FLAMEUP_BENCHMARK_BODIES a file with a body on each line,
-- FLAMEUP_BENCHMARK_TOKEN the API key. Optional:
--   FLAMEUP_BENCHMARK_ID      ends the message ids of this run; each is a UUID that never repeats
--   FLAMEUP_BENCHMARK_RATE    requests per second; without it, as many as are answered
--   FLAMEUP_BENCHMARK_PEOPLE  draws the external ids from so many people, for all events anew
--   FLAMEUP_BENCHMARK_REPORT  prints the number of accepted events each time it has grown by this

local ffi = require("ffi")
local bit = require("bit")

ffi.cdef [[
  struct benchmark_time { long seconds, nanoseconds; };
  int clock_gettime(int clock, struct benchmark_time *time);
]]

-- What stands in a body where a value goes in; as long as the value, so that lengths agree.
local MESSAGE_ID = "~~~~~~~~~~~~~MESSAGE~~ID~~~~~~~~~~~~"
local EXTERNAL_ID = "~EXTERNALID~"
local CLOCK_MONOTONIC = 1

local run_id = os.getenv("FLAMEUP_BENCHMARK_ID")
local rate = tonumber(os.getenv("FLAMEUP_BENCHMARK_RATE"))
local people = tonumber(os.getenv("FLAMEUP_BENCHMARK_PEOPLE"))
local report_every = tonumber(os.getenv("FLAMEUP_BENCHMARK_REPORT"))

local requests, last = {}, 0
local message_number, event_number = 0, 0
local due, now = 0, ffi.new("struct benchmark_time")
local threads = {}

-- Read by done(), which runs apart from the thread.
accepted, reported, refused = 0, 0, ""
local refusals = {}

local function next_message_id()
  message_number = message_number + 1
  -- An odd factor permutes 32-bit numbers: scattered like random ids, and none comes twice.
  local scattered = tonumber((2654435761ULL * message_number) % 4294967296ULL)
  return bit.tohex(scattered) .. run_id
end

local function next_external_id()
  event_number = event_number + 1
  return string.format("user_%07d", tonumber((2654435761ULL * event_number) % people))
end

local function find_hole(text, start)
  local at, to = text:find("~[~%u]+~", start)
  if not at then return nil end
  return at, to, text:sub(at, to) == MESSAGE_ID and next_message_id or next_external_id
end

-- Returns the text itself or, where values go in, a list of texts and of functions between them.
local function split(text)
  local parts, start = {}, 1
  local at, to, fill = find_hole(text, start)
  if not at then return text end
  while at do
    parts[#parts + 1] = text:sub(start, at - 1)
    parts[#parts + 1] = fill
    start = to + 1
    at, to, fill = find_hole(text, start)
  end
  parts[#parts + 1] = text:sub(start)
  return parts
end

function setup(thread)
  threads[#threads + 1] = thread
end

function init(args)
  local headers = {
    ["Authorization"] = "Bearer " .. os.getenv("FLAMEUP_BENCHMARK_TOKEN"),
    ["Content-Type"] = "application/json",
  }
  for body in io.lines(os.getenv("FLAMEUP_BENCHMARK_BODIES")) do
    requests[#requests + 1] = split(wrk.format("POST", nil, headers, body))
  end
end

function request()
  last = last % #requests + 1
  local parts = requests[last]
  if type(parts) == "string" then return parts end
  local filled = {}
  for i = 1, #parts, 2 do
    filled[i] = parts[i]
    if parts[i + 1] then filled[i + 1] = parts[i + 1]() end
  end
  return table.concat(filled)
end

if rate then
  -- Returns the milliseconds until this connection's turn: all take turns at an even pace.
  function delay()
    ffi.C.clock_gettime(CLOCK_MONOTONIC, now)
    local moment = tonumber(now.seconds) + tonumber(now.nanoseconds) / 1e9
    due = math.max(due + 1 / rate, moment)
    return (due - moment) * 1000
  end
end

local function note_refusal(what, count)
  refusals[what] = (refusals[what] or 0) + count
  local parts = {}
  for name, number in pairs(refusals) do
    parts[#parts + 1] = string.format('"%s":%d', name, number)
  end
  refused = table.concat(parts, ",")
end

function response(status, headers, body)
  if status < 200 or status > 299 then
    note_refusal(tostring(status), 1)
    return
  end
  accepted = accepted + (tonumber(body:match('"accepted":%s*(%d+)')) or 1)
  local rejected = tonumber(body:match('"rejected":%s*(%d+)')) or 0
  if rejected > 0 then note_refusal("rejected", rejected) end
  if report_every and accepted - reported >= report_every then
    reported = accepted
    io.write(string.format('{"accepted":%d}\n', accepted))
    io.flush()
  end
end

function done(summary, latency)
  local errors, total, statuses = summary.errors, 0, {}
  for _, thread in ipairs(threads) do
    total = total + thread:get("accepted")
    statuses[#statuses + 1] = thread:get("refused")
  end
  io.write(string.format(
    '{"requests":%d,"accepted":%d,"bytes":%d,"duration_us":%d,"statuses":{%s},'
      .. '"socket_errors":{"connect":%d,"read":%d,"write":%d,"timeout":%d},'
      .. '"latency_us":{"p50":%d,"p90":%d,"p95":%d,"p99":%d,"max":%d}}\n',
    summary.requests, total, summary.bytes, summary.duration, table.concat(statuses, ","),
    errors.connect, errors.read, errors.write, errors.timeout,
    latency:percentile(50), latency:percentile(90), latency:percentile(95),
    latency:percentile(99), latency.max))
end
