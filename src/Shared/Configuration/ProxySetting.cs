using Tunnel.Shared.Transport.Proxies;

namespace Tunnel.Shared.Configuration;

/// <summary>
/// Reads which proxy connections go through: from the program's own setting, or from the variables that most programs know. The setting
/// wins; <c>none</c> means that the variables do not count.
/// </summary>
public static class ProxySetting
{
    /// <summary>The word for no proxy.</summary>
    public const string Straight = "none";

    // curl reads them in this order, too.
    private static readonly string[] ProxyVariables = ["https_proxy", "HTTPS_PROXY"];
    private static readonly string[] ExceptionVariables = ["no_proxy", "NO_PROXY"];

    /// <summary>Reads the setting and the variables. The URL may hold a password, so errors do not repeat it.</summary>
    public static ProxyRules Proxy(this LayeredConfiguration configuration, string name, ConfigurationSources sources)
    {
        if (configuration.Find(name) is { } setting)
        {
            if (setting.Value.Equals(Straight, StringComparison.OrdinalIgnoreCase))
                return ProxyRules.None;
            if (ProxyServer.TryParse(setting.Value, out var own))
                return ProxyRules.Always(own, name);
            configuration.Errors.Add(name, ConfigurationError.Masked, $"{ProxyServer.Valid}; or {Straight}", setting.Source);
            return ProxyRules.None;
        }

        if (Find(sources, ProxyVariables) is not var (variable, url) || url.Length == 0)
            return ProxyRules.None;
        if (ProxyServer.TryParse(url, out var server))
            return ProxyRules.Except(server, NoProxyList.Parse(Find(sources, ExceptionVariables)?.Value ?? ""), variable);
        configuration.Errors.Add(
            variable, ConfigurationError.Masked, $"{ProxyServer.Valid}; or set {name} to {Straight}, then the variable does not count");
        return ProxyRules.None;
    }

    private static (string Name, string Value)? Find(ConfigurationSources sources, string[] names)
    {
        foreach (var name in names)
        {
            if (Variable(sources, name) is { } value)
                return (name, value.Trim());
        }

        return null;
    }

    private static string? Variable(ConfigurationSources sources, string name) =>
        sources.Environment is { } given ? given.GetValueOrDefault(name) : Environment.GetEnvironmentVariable(name);
}
