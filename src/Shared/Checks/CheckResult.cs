using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tunnel.Shared.Checks;

/// <summary>How a check ended.</summary>
[JsonConverter(typeof(CheckStatusConverter))]
public enum CheckStatus
{
    /// <summary>All is well.</summary>
    Ok,

    /// <summary>The checked thing works, but not as well as it could.</summary>
    Warning,

    /// <summary>The thing could not be checked here, or need not be.</summary>
    Skipped,

    /// <summary>The checked thing will not work like this.</summary>
    Failed,
}

/// <summary>The result of one check.</summary>
/// <param name="Name">The check's name.</param>
/// <param name="Status">How it ended.</param>
/// <param name="Detail">What was found.</param>
/// <param name="Advice">What to do; null when nothing needs to be done.</param>
public sealed record CheckResult(string Name, CheckStatus Status, string Detail, string? Advice = null)
{
    /// <summary>The thing that was checked, where the same is checked of several things; else null.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Subject { get; init; }
}

/// <summary>Checks one thing that a service needs. Changes nothing on the machine.</summary>
/// <typeparam name="TContext">What to check, together with what earlier checks found for later ones.</typeparam>
public interface ICheck<in TContext>
{
    /// <summary>The check's name, one word.</summary>
    string Name { get; }

    /// <summary>The thing that it checks, where there are several of a kind, as hubs of an edge; else null.</summary>
    string? Subject => null;

    /// <summary>Runs the check. What is wrong is a result; an exception is reported as a failure of the check itself.</summary>
    Task<CheckResult> RunAsync(TContext context, CancellationToken cancellationToken);
}

internal sealed class CheckStatusConverter() : JsonStringEnumConverter<CheckStatus>(JsonNamingPolicy.CamelCase);
