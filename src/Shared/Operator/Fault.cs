using System.Collections.Immutable;

namespace Tunnel.Shared.Operator;

/// <summary>One fault in what an operator wrote.</summary>
/// <param name="Path">The place: a JSON path such as <c>$[2].ports['tcp/443'].targetPort</c>.</param>
/// <param name="Value">The value found there, as shortened JSON; a secret is masked.</param>
/// <param name="Message">What would be valid.</param>
public sealed record Fault(string Path, string Value, string Message)
{
    /// <summary>The text shown in place of a secret's value.</summary>
    public const string Masked = "***";

    /// <inheritdoc/>
    public override string ToString() => $"{Path}: {Value}: {Message}";

    /// <summary>
    /// Joins the faults of a reader and a validator. Where something could not be read, what the validator says about the gap is left out.
    /// </summary>
    public static ImmutableArray<Fault> Merge(ImmutableArray<Fault> unreadable, ImmutableArray<Fault> invalid) =>
        unreadable.IsEmpty ? invalid : [.. unreadable, .. invalid.Where(fault => !unreadable.Any(gap => IsWithin(fault.Path, gap.Path)))];

    // A misspelt "listenPort" must not hide faults of "listenPorts".
    private static bool IsWithin(string path, string outer) =>
        path.StartsWith(outer, StringComparison.Ordinal) && (path.Length == outer.Length || path[outer.Length] is '.' or '[');
}
