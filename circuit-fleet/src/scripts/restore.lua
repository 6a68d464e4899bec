-- Puts an order back that instances obey and the store has lost. KEYS: orders, version, audit.
-- ARGV: its version, how long it still lasts in ms, the order, who restores it, as which user of Redis.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local left = tonumber(ARGV[2])
if not left or left < 1 or left > 86400000 or #ARGV[3] > 32768 then
  return redis.error_reply('LASTING an order lasts from 1 ms to 24 h, and has at most 32 KiB')
end
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now + left) .. ' ' .. ARGV[3])
local version = math.max(tonumber(redis.call('GET', KEYS[2]) or '0'), tonumber(ARGV[1]))
redis.call('SET', KEYS[2], string.format('%.0f', version))
redis.call('XADD', KEYS[3], 'MAXLEN', '~', 10000, '*', 'version', ARGV[1], 'by', ARGV[4], 'user', ARGV[5],
  'what', 'restore', 'why', '', 'lasting_ms', ARGV[2])
return 1
