namespace Tunnel.Hub.Edges;

/// <summary>One thing wrong with what an operator wrote.</summary>
/// <param name="Path">Where: a JSON path such as <c>$[2].ports['tcp/443'].targetPort</c>.</param>
/// <param name="Value">What stands there, as JSON and shortened; a secret is masked.</param>
/// <param name="Message">What would be valid.</param>
public sealed record EdgeFault(string Path, string Value, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Path}: {Value}: {Message}";
}
