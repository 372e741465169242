using System.Text.Json.Serialization;

namespace Tunnel.Edge.Doctor;

/// <summary>How a check ended.</summary>
[JsonConverter(typeof(CheckStatusConverter))]
internal enum CheckStatus
{
    /// <summary>Fine.</summary>
    Ok,

    /// <summary>It works, but not as well as it could.</summary>
    Warning,

    /// <summary>Could not be told here, or is not needed.</summary>
    Skipped,

    /// <summary>The edge will not work so.</summary>
    Failed,
}

/// <summary>One line of the doctor.</summary>
/// <param name="Name">Of the check.</param>
/// <param name="Status">How it ended.</param>
/// <param name="Detail">What was found.</param>
/// <param name="Advice">What to do; null when nothing needs to be done.</param>
internal sealed record CheckResult(string Name, CheckStatus Status, string Detail, string? Advice = null);

internal sealed class CheckStatusConverter() : JsonStringEnumConverter<CheckStatus>(System.Text.Json.JsonNamingPolicy.CamelCase);
