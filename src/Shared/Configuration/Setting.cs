namespace Tunnel.Shared.Configuration;

/// <summary>A setting's value as it was written, before it is understood.</summary>
/// <param name="Name">Path with dots.</param>
/// <param name="Value">The text.</param>
/// <param name="Source">Where it comes from, for errors.</param>
public readonly record struct Setting(string Name, string Value, string Source)
{
    /// <summary>The name and the source only: the value may be a secret.</summary>
    public override string ToString() => $"{Name} ({Source})";
}
