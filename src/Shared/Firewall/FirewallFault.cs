namespace Tunnel.Shared.Firewall;

/// <summary>One thing wrong with a firewall.</summary>
/// <param name="Path">Where: a JSON path such as <c>$.rules[2].sourceIP</c>.</param>
/// <param name="Value">What stands there: JSON, shortened, printable whatever a peer sent.</param>
/// <param name="Message">What would be valid.</param>
public sealed record FirewallFault(string Path, string Value, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Path}: {Value}: {Message}";
}
