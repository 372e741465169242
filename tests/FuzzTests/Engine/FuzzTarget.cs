namespace Tunnel.FuzzTests.Engine;

/// <summary>Gives one input to the code that is tested.</summary>
/// <param name="input">The input, valid during the call only.</param>
/// <returns>True when the input was taken for valid: such an input is worth being mutated further.</returns>
/// <exception cref="Exception">Any exception is a finding.</exception>
internal delegate bool FuzzAction(ReadOnlySpan<byte> input);

/// <summary>One thing to be fuzzed; a row of <see cref="FuzzTargets"/>.</summary>
/// <param name="Name">Its name for people, and the folder of its corpus.</param>
/// <param name="Start">Makes what takes the inputs of one run, all on one thread.</param>
/// <param name="Seeds">Valid inputs, which mutations start from; each has to be taken.</param>
internal sealed record FuzzTarget(string Name, Func<FuzzAction> Start, IReadOnlyList<byte[]> Seeds)
{
    /// <summary>Words that mean something to it, put in at random.</summary>
    public IReadOnlyList<byte[]> Tokens { get; init; } = [];

    /// <summary>The length of the longest input, in bytes.</summary>
    public int MaxLength { get; init; } = 512;

    /// <summary>How many bytes a run of one input may allocate for each of its bytes…</summary>
    public int AllocationPerByte { get; init; } = 64;

    /// <summary>… and how many besides. Pools that have to grow are in it.</summary>
    public int AllocationBase { get; init; } = 128 << 10;

    /// <summary>Returns the most bytes that an input of so many bytes may allocate.</summary>
    public long AllocationCap(int length) => AllocationBase + ((long)AllocationPerByte * length);

    public override string ToString() => Name;
}
