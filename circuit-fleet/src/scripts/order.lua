-- An operator's order. KEYS: orders, version, audit.
-- ARGV: when it was sent by the server's clock in ms, the highest version that the sender has seen, how long it lasts in ms, the
-- order, who says it, as which user of Redis, what it says in words, why, and the version that it cancels, or ''.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if now - tonumber(ARGV[1]) > 2000 then
  return redis.error_reply('LATE the order is older than 2 s; nothing has changed')
end
local lasting = tonumber(ARGV[3])
if not lasting or lasting < 1 or lasting > 86400000 then
  return redis.error_reply('LASTING an order lasts from 1 ms to 24 h')
end
if #ARGV[4] > 32768 then
  return redis.error_reply('SIZE an order has at most 32 KiB')
end
local ends = now + lasting
local held = 0
local stored = redis.call('HGETALL', KEYS[1])
for i = 1, #stored, 2 do
  if tonumber(string.match(stored[i + 1], '^%d+')) <= now then
    redis.call('HDEL', KEYS[1], stored[i])
  else
    held = held + 1
  end
end
if held >= 128 then
  return redis.error_reply('FULL 128 orders stand already; cancel some')
end
if ARGV[9] ~= '' then
  local cancelled = redis.call('HGET', KEYS[1], ARGV[9])
  if not cancelled then
    return redis.error_reply('UNKNOWN no order ' .. ARGV[9] .. ' stands: its time is over, it was cancelled, or there never was one')
  end
  -- As long as the order would have lasted: instances that come back by then hear of it.
  ends = tonumber(string.match(cancelled, '^%d+'))
  redis.call('HDEL', KEYS[1], ARGV[9])
end
local version = math.max(tonumber(redis.call('GET', KEYS[2]) or '0'), tonumber(ARGV[2])) + 1
local text = string.format('%.0f', version)
redis.call('SET', KEYS[2], text)
redis.call('HSET', KEYS[1], text, string.format('%.0f', ends) .. ' ' .. ARGV[4])
redis.call('XADD', KEYS[3], 'MAXLEN', '~', 10000, '*', 'version', text, 'by', ARGV[5], 'user', ARGV[6],
  'what', ARGV[7], 'why', ARGV[8], 'lasting_ms', ARGV[3])
return version
