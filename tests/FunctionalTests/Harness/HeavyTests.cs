namespace Tunnel.FunctionalTests.Harness;

/// <summary>Tests that need the machine for themselves: they measure memory, or keep both cores busy.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class HeavyTests
{
    public const string Name = "heavy";
}
