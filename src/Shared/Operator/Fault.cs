using System.Collections.Immutable;

namespace Tunnel.Shared.Operator;

/// <summary>One thing wrong with what an operator wrote.</summary>
/// <param name="Path">Where: a JSON path such as <c>$[2].ports['tcp/443'].targetPort</c>.</param>
/// <param name="Value">What stands there, as JSON and shortened; a secret is masked.</param>
/// <param name="Message">What would be valid.</param>
public sealed record Fault(string Path, string Value, string Message)
{
    /// <summary>Stands in for the value of a secret.</summary>
    public const string Masked = "***";

    /// <inheritdoc/>
    public override string ToString() => $"{Path}: {Value}: {Message}";

    /// <summary>
    /// What a reader and a validator found together: where something could not be read, what the validator says of the gap is left out.
    /// </summary>
    public static ImmutableArray<Fault> Merge(ImmutableArray<Fault> unreadable, ImmutableArray<Fault> invalid) =>
        unreadable.IsEmpty ? invalid : [.. unreadable, .. invalid.Where(fault => !unreadable.Any(gap => IsWithin(fault.Path, gap.Path)))];

    // A misspelt "listenPort" is no reason to be silent about "listenPorts".
    private static bool IsWithin(string path, string outer) =>
        path.StartsWith(outer, StringComparison.Ordinal) && (path.Length == outer.Length || path[outer.Length] is '.' or '[');
}
