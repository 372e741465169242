namespace Tunnel.Shared.Configuration;

/// <summary>Where a service's settings come from; each source overrides those before it.</summary>
public sealed record ConfigurationSources
{
    /// <summary>The file beside the program, which is read when it exists.</summary>
    public string AppSettingsFile { get; init; } = Path.Combine(AppContext.BaseDirectory, "appsettings.json");

    /// <summary>
    /// The machine's file, for example <c>/etc/tunnel-hub/hub.json</c>; it is read when it exists and no <see cref="File"/> is given.
    /// </summary>
    public string? DefaultFile { get; init; }

    /// <summary>The file that the operator named (<c>--config</c>), which must exist.</summary>
    public string? File { get; init; }

    /// <summary>The prefix of the environment variables, for example <c>TUNNEL_HUB__</c>; after it <c>__</c> separates levels.</summary>
    public required string EnvironmentPrefix { get; init; }

    /// <summary>The environment variables; null means those of the process.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }

    /// <summary>
    /// Settings given on the command line, by name (<c>tunnelPort</c>, <c>tls.certPem</c>); a null value means that the setting was not
    /// given.
    /// </summary>
    public IReadOnlyDictionary<string, string?> CommandLine { get; init; } = new Dictionary<string, string?>();
}
