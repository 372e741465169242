using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tunnel.Shared.Checks;

/// <summary>How a check ended.</summary>
[JsonConverter(typeof(CheckStatusConverter))]
public enum CheckStatus
{
    /// <summary>Fine.</summary>
    Ok,

    /// <summary>It works, but not as well as it could.</summary>
    Warning,

    /// <summary>Could not be told here, or is not needed.</summary>
    Skipped,

    /// <summary>It will not work so.</summary>
    Failed,
}

/// <summary>One line of a doctor.</summary>
/// <param name="Name">Of the check.</param>
/// <param name="Status">How it ended.</param>
/// <param name="Detail">What was found.</param>
/// <param name="Advice">What to do; null when nothing needs to be done.</param>
public sealed record CheckResult(string Name, CheckStatus Status, string Detail, string? Advice = null);

/// <summary>One thing that a service needs. Changes nothing on the machine.</summary>
/// <typeparam name="TContext">What is to be checked, and what earlier checks found for later ones.</typeparam>
public interface ICheck<in TContext>
{
    /// <summary>One word.</summary>
    string Name { get; }

    /// <summary>Looks. What is wrong is a result; an exception is told as a failure of the check itself.</summary>
    Task<CheckResult> RunAsync(TContext context, CancellationToken cancellationToken);
}

internal sealed class CheckStatusConverter() : JsonStringEnumConverter<CheckStatus>(JsonNamingPolicy.CamelCase);
