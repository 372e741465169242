namespace Tunnel.Shared.Configuration;

/// <summary>Where a service's settings come from; each one overrides those before it.</summary>
public sealed record ConfigurationSources
{
    /// <summary>The file beside the program, read when it exists.</summary>
    public string AppSettingsFile { get; init; } = Path.Combine(AppContext.BaseDirectory, "appsettings.json");

    /// <summary>
    /// The machine's file, read when it exists and no <see cref="File"/> is given; for example <c>/etc/tunnel-hub/hub.json</c>.
    /// </summary>
    public string? DefaultFile { get; init; }

    /// <summary>The file that the operator named (<c>--config</c>): it must exist.</summary>
    public string? File { get; init; }

    /// <summary>
    /// What the names of environment variables start with, for example <c>TUNNEL_HUB__</c>; <c>__</c> separates levels after it.
    /// </summary>
    public required string EnvironmentPrefix { get; init; }

    /// <summary>The environment; null means that of the process.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }

    /// <summary>
    /// Settings given on the command line by their names (<c>tunnelPort</c>, <c>tls.certPem</c>); null values were not given.
    /// </summary>
    public IReadOnlyDictionary<string, string?> CommandLine { get; init; } = new Dictionary<string, string?>();
}
