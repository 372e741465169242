namespace Tunnel.Hub.Targets.Pools;

/// <summary>Mixes addresses into numbers that look random and are the same in every process.</summary>
internal static class AddressHash
{
    /// <summary>Returns the number for an address and another number.</summary>
    public static ulong Of(UInt128 address, ulong other) => Mix(Mix(Mix((ulong)address) ^ (ulong)(address >> 64)) ^ other);

    /// <summary>Returns a fraction in (0, 1) for two numbers.</summary>
    public static double Fraction(ulong one, ulong other) => ((Mix(one ^ Mix(other)) >> 11) + 0.5) / (1UL << 53);

    // The finalizer of splitmix64: each bit of the result depends on all bits of the value.
    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
