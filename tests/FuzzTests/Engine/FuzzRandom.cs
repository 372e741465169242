using System.Numerics;

namespace Tunnel.FuzzTests.Engine;

/// <summary>A fast generator (xoshiro256**) whose numbers follow from the seed alone, on every machine and version.</summary>
internal struct FuzzRandom
{
    private ulong _a;
    private ulong _b;
    private ulong _c;
    private ulong _d;

    public FuzzRandom(ulong seed)
    {
        // The seed goes through SplitMix64, as the generator's authors ask for.
        (_a, _b, _c, _d) = (Mix(ref seed), Mix(ref seed), Mix(ref seed), Mix(ref seed));
    }

    public ulong Next()
    {
        var result = BitOperations.RotateLeft(_b * 5, 7) * 9;
        var shifted = _b << 17;
        _c ^= _a;
        _d ^= _b;
        _b ^= _c;
        _a ^= _d;
        _c ^= shifted;
        _d = BitOperations.RotateLeft(_d, 45);
        return result;
    }

    /// <summary>Returns a number from 0 up to and without <paramref name="limit"/>, which is above 0.</summary>
    public int Below(int limit) => (int)(((Next() >> 32) * (ulong)limit) >> 32);

    /// <summary>Returns true in one of <paramref name="times"/> cases.</summary>
    public bool OneIn(int times) => Below(times) == 0;

    private static ulong Mix(ref ulong state)
    {
        state += 0x9E3779B97F4A7C15;
        var z = state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
