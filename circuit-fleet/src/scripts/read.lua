-- The orders in force, with the server's time. Reads only. KEYS: orders, version.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return { now, redis.call('GET', KEYS[2]) or '0', redis.call('HGETALL', KEYS[1]) }
