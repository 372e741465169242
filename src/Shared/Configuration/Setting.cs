namespace Tunnel.Shared.Configuration;

/// <summary>A setting's value as it was written, before it is interpreted.</summary>
/// <param name="Name">The path with dots.</param>
/// <param name="Value">The text of the value.</param>
/// <param name="Source">Where the value comes from, for errors.</param>
public readonly record struct Setting(string Name, string Value, string Source)
{
    /// <summary>Writes only the name and the source, since the value may be a secret.</summary>
    public override string ToString() => $"{Name} ({Source})";
}
