"""A bucket of tokens in Redis, which all processes draw from."""

from redis.asyncio import Redis

# One script, so that two who ask at once do not get the same token; by Redis's own clock, so that
# those of the machines do not matter. What is odd under the key counts as a full bucket, and so
# does what has expired: by then it would have been full again.
_SCRIPT = """
local wanted, rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local kept = redis.pcall('HMGET', KEYS[1], 'tokens', 'since')
if kept.err then
    redis.call('DEL', KEYS[1])
    kept = {}
end
local tokens, since = tonumber(kept[1] or ''), tonumber(kept[2] or '')
if not tokens or not since or tokens ~= tokens or since ~= since then
    tokens, since = burst, now
end
since = math.min(since, now)
tokens = math.max(0, math.min(burst, math.max(0, tokens) + (now - since) * rate))
local given = math.max(0, math.min(wanted, math.floor(tokens)))
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens - given),
    'since', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil(math.min(burst / rate + 1, 86400) * 1000))
return given
"""


async def draw(redis: Redis, key: str, wanted: int, rate: float, burst: int) -> object:
    """How many tokens there were for the caller, as far as Redis is to be believed."""
    return await redis.eval(_SCRIPT, 1, key, wanted, rate, burst)
