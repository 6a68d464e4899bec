-- An instance says that it lives, and what it sees. KEYS: live, its report.
-- ARGV: its name, when it sent this by the server's clock in ms (0: not known yet), the report.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local sent = tonumber(ARGV[2])
if sent > 0 and now - sent > 2000 then
  return redis.error_reply('LATE the beat is older than 2 s')
end
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 60000)
redis.call('SET', KEYS[2], ARGV[3], 'PX', 5000)
return now
