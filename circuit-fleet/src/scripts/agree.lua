-- Merges what an instance reports of one circuit into the record of all, and tells how things stand. Does what `Record::apply`
-- does, step by step; a test compares. KEYS: instances, times, failing, members, record. ARGV: the report, the channel.
-- Replies: whether the report counts, the instance's place, whether the status was published, the status.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local MAX_AGE, ACTIVE_FOR, MEMBER_FOR, ENDING, PUBLISH_GAP = 2000, 60000, 5000, 5000, 1000
local MOST_PROBES, LEAST_INTERVAL, PROOF = 8, 500, 5
-- Where numbers are no longer exact, and those of 32 bits end.
local MOST, MOST_32 = 9007199254740991, 4294967295
-- A record of which nothing is heard is forgotten so much later.
local KEPT_FOR = 600000

local function since(later, earlier) return math.max(0, later - earlier) end
local function text(number) return string.format('%.0f', number) end
local function option(number) return number and text(number) or '-' end
local function words(line)
  local found = {}
  for word in string.gmatch(line, '%S+') do found[#found + 1] = word end
  return found
end

-- The report.
local word, read, wrong = words(ARGV[1]), 1, nil
local function next_word()
  read = read + 1
  return word[read] or ''
end
local function number_of(digits, most)
  local number = string.match(digits, '^%d+$') and tonumber(digits)
  if not number or number > most then
    wrong = wrong or read - 1
    return 0
  end
  return number
end
local function next_number(most) return number_of(next_word(), most or MOST) end
local function next_option()
  local digits = next_word()
  if digits == '-' then return nil end
  return number_of(digits, MOST)
end
local function next_of(known)
  local found = next_word()
  if known[found] == nil then wrong = wrong or read - 1 end
  return found
end
if #ARGV[1] > 512 or word[1] ~= '1' then
  return redis.error_reply('FORM the report is longer than 512 bytes, or its version is not 1')
end
-- The instance's number may have 64 bits. Padded, it sorts as it counts.
local me = next_word()
if not string.match(me, '^%d+$') or #me > 20 then wrong = 1 end
me = string.rep('0', 20 - #me) .. me
local report = {}
report.number = next_number()
report.made = next_option()
report.alert_at = next_number(MOST_32)
report.failures = next_number()
report.fresh = next_number(MOST_32)
report.run = next_number(MOST_32)
report.failure_age = next_number()
report.success_age = next_option()
report.state = next_of({ closed = 1, open = 1, ['half-open'] = 1, left = 1 })
report.begun = next_number()
report.ended = next_number()
local outcome = next_of({ ['-'] = 1, succeeded = 1, failed = 1 })
local age = next_option()
if (outcome == '-') ~= (age == nil) then wrong = wrong or read - 1 end
if wrong then
  return redis.error_reply('FORM field ' .. wrong .. ' of the report is missing or not as it should be')
end

-- The record. Of what can't be read nothing is known.
local saved = words(redis.call('GET', KEYS[5]) or '')
if saved[1] ~= '1' then saved = {} end
local function of(place) return saved[place] and tonumber(saved[place]) or nil end
local success, run, published = of(2), of(3) or 0, of(5)
local is_alert, is_news = saved[4] == '1', saved[6] == '1'
local opening
if of(7) then
  opening = {
    began = of(7), streak = of(8) or 0, used = of(9) or 0, last = of(10) or now, beside = of(11) or 0,
    failed = of(12) or 0, probing = of(13), ended = of(14), proved = of(15) or 0, broken = of(16) or 0,
  }
end
local function live() return redis.call('ZCARD', KEYS[4]) end
local function begin()
  opening = { began = now, streak = 0, used = 0, last = now, beside = 0, failed = 0, proved = 0, broken = 0 }
  is_news = true
end

-- The instances. `counted`: what `run` has of its failures. `was_opened`: it may be among the members.
local function parse(line)
  local field = words(line)
  local function at(place) return field[place] and tonumber(field[place]) or nil end
  if #field < 10 then return nil end
  return {
    number = at(1) or 0, reported = at(2) or 0, failures = at(3) or 0, run = at(4) or 0, first = at(5) or 0,
    last = at(6) or 0, state = field[7], opened = at(8), begun = at(9) or 0, ended = at(10) or 0,
    counted = at(4) or 0, was_opened = at(8),
  }
end
local function get(id)
  local line = redis.call('HGET', KEYS[1], id)
  return line and parse(line) or nil
end
local function save(id, it)
  local fields = {
    text(it.number), text(it.reported), text(it.failures), text(it.run), text(it.first), text(it.last), it.state,
    option(it.opened), text(it.begun), text(it.ended),
  }
  redis.call('HSET', KEYS[1], id, table.concat(fields, ' '))
  redis.call('ZADD', KEYS[2], text(it.reported), id)
end
local function put(id, it)
  save(id, it)
  if it.opened then
    redis.call('ZADD', KEYS[4], 0, id)
  elseif it.was_opened then
    redis.call('ZREM', KEYS[4], id)
  end
  if it.run > 0 then
    redis.call('ZADD', KEYS[3], text(it.first), id)
  elseif it.counted > 0 then
    redis.call('ZREM', KEYS[3], id)
  end
  run = math.max(0, run - it.counted) + it.run
  it.counted, it.was_opened = it.run, it.opened
end
local function remove(id)
  local it = get(id)
  if it then run = math.max(0, run - it.run) end
  redis.call('HDEL', KEYS[1], id)
  for key = 2, 4 do redis.call('ZREM', KEYS[key], id) end
end
local function each(change)
  local all = redis.call('HGETALL', KEYS[1])
  for place = 1, #all, 2 do
    local it = parse(all[place + 1])
    if it then change(all[place], it) end
  end
end

-- Forgets whom nothing was heard of, and ends an opening that is over.
local latest = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')
if latest[2] and tonumber(latest[2]) > now then
  -- The clock has gone back.
  each(function(id, it)
    it.reported = math.min(it.reported, now)
    save(id, it)
  end)
end
local function silent_for(time)
  return redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', '(' .. text(now - time))
end
for _, id in ipairs(silent_for(ACTIVE_FOR)) do remove(id) end
if live() > 0 then
  for _, id in ipairs(silent_for(MEMBER_FOR)) do redis.call('ZREM', KEYS[4], id) end
end
success = success and math.min(success, now)
if opening then
  opening.last = math.min(opening.last, now)
  opening.probing = opening.probing and math.min(opening.probing, now)
  opening.ended = opening.ended and math.min(opening.ended, now)
  local ended = opening.ended
  if ended and since(now, ended) > ENDING then
    -- Whoever was told to go half-open, and had no call yet, needs no others any more.
    each(function(id, it)
      if it.opened and it.opened <= ended then
        it.opened = nil
        save(id, it)
        redis.call('ZREM', KEYS[4], id)
      end
    end)
    opening = nil
  end
  if live() == 0 then
    opening = nil
  elseif not opening then
    begin()
  end
end

-- No failure before this success counts.
local function forgive(at)
  for _, id in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
    local it = get(id)
    if not it then
      redis.call('ZREM', KEYS[3], id)
    else
      if it.last <= at then
        it.run = 0
      elseif it.first <= at then
        -- How many came after it isn't known, one at least.
        it.run = math.min(it.run, 1)
        it.first = it.last
      end
      put(id, it)
    end
  end
end

local function probe_failed(at)
  opening.probing = nil
  if opening.ended then
    opening.broken = opening.broken + 1
    if opening.broken < 2 or opening.broken <= opening.proved then return end
    opening.ended = nil
  end
  opening.proved = 0
  if opening.failed > 0 and at < opening.last + LEAST_INTERVAL then
    opening.beside = opening.beside + 1
  else
    opening.last, opening.beside = at, 0
  end
  opening.failed = opening.failed + 1
  opening.used = opening.used + 1
  if opening.used >= math.min(math.max(live(), 1), MOST_PROBES) then
    opening.used, opening.streak = 0, opening.streak + 1
  end
end

local function probe_succeeded(at)
  opening.probing = nil
  opening.proved = opening.proved + 1
  if opening.ended then return end
  opening.streak, opening.used = 0, 0
  -- Once it has begun again, one success is no proof.
  if opening.broken == 0 or opening.proved >= PROOF then
    opening.ended, opening.broken = at, 0
  end
end

local function merge(made)
  local it = get(me)
  if it and report.number <= it.number then return end
  if report.state == 'left' then
    remove(me)
    return
  end
  it = it or {
    failures = 0, run = 0, first = now, last = now, state = 'closed', begun = 0, ended = 0, counted = 0,
  }
  local was_member, begun_before = it.opened, it.begun
  local probes = outcome ~= '-' and report.ended > it.ended and age <= MAX_AGE
  if report.state == 'closed' then
    it.opened = nil
  elseif it.state == 'closed' or (probes and outcome == 'failed') then
    it.opened = now
  end
  it.number, it.reported, it.state = report.number, now, report.state
  it.begun, it.ended = report.begun, report.ended
  -- The failures that are new: those not counted yet, and of these no more than the report vouches for.
  local new = math.min(since(report.failures, it.failures), report.fresh)
  it.failures = math.max(it.failures, report.failures)
  if new >= 1 and report.run > 0 then
    it.last = since(made, report.failure_age)
    if it.run == 0 then it.first = it.last end
    it.run = math.min(it.run + new, report.run)
  end
  put(me, it)
  local at = report.success_age and since(made, report.success_age)
  if at and (not success or success < at) then
    success = at
    forgive(at)
  end
  if it.opened and not opening then begin() end
  if not opening or not (was_member or it.opened) then return end
  if report.begun > begun_before and report.state == 'half-open' then opening.probing = now end
  if probes then
    if outcome == 'succeeded' then probe_succeeded(since(made, age)) else probe_failed(since(made, age)) end
    is_news = true
  end
end

-- A report from the future was stamped by another clock, before a fail-over.
local is_fresh = report.made and since(now, report.made) <= MAX_AGE and since(report.made, now) <= MAX_AGE
if is_fresh then merge(math.min(report.made, now)) end

-- How things stand.
local active, from, members = redis.call('HLEN', KEYS[1]), redis.call('ZCARD', KEYS[3]), live()
local first = from > 0 and redis.call('ZRANGE', KEYS[3], 0, 0, 'WITHSCORES')[2] or nil
local shown = math.min(run, MOST_32)
local status = { '1', text(now), text(shown), text(from), option(first and tonumber(first)), text(active), option(success) }
local fields = {}
if opening then
  fields = {
    text(opening.began), text(opening.streak), text(opening.used), text(opening.last), text(opening.beside),
    text(opening.failed), option(opening.probing), option(opening.ended), text(opening.proved), text(opening.broken),
  }
  for _, field in ipairs(fields) do status[#status + 1] = field end
  table.insert(status, 9, text(members))
else
  status[#status + 1] = '-'
end
local line = table.concat(status, ' ')

local alerts = shown >= report.alert_at and from >= math.min(math.max(active, 2), 3)
if is_fresh and alerts ~= is_alert then is_alert, is_news = alerts, true end
local publishes = is_news and (not published or since(now, published) >= PUBLISH_GAP or published > now)
if publishes then
  is_news, published = false, now
  -- It only hurries: without the right to publish, all is heard by asking.
  redis.pcall('PUBLISH', ARGV[2], line)
end

local record = {
  '1', option(success), text(run), is_alert and '1' or '0', option(published), is_news and '1' or '0',
}
for _, field in ipairs(fields) do record[#record + 1] = field end
redis.call('SET', KEYS[5], table.concat(record, ' '), 'PX', KEPT_FOR)
for key, size in ipairs({ active, active, from, members }) do
  if size > 0 then redis.call('PEXPIRE', KEYS[key], KEPT_FOR) end
end
local place = members > 0 and redis.call('ZLEXCOUNT', KEYS[4], '-', '(' .. me) or 0
return { is_fresh and 1 or 0, place, publishes and 1 or 0, line }
