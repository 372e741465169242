using System.Collections.Immutable;
using System.Net;
using Tunnel.Shared.Configuration;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Edge.Cli;

/// <summary>Reads settings that are lists: a JSON array in a file, or words separated by commas anywhere.</summary>
internal static class ListSettings
{
    private const int AllPorts = 65535;
    private const int MaxServers = 8;

    /// <summary>Reads ports and ranges of ports; null when the setting is missing or wrong.</summary>
    public static ImmutableArray<int>? PortNumbers(this LayeredConfiguration configuration, string name)
    {
        if (configuration.Words(name) is not { } text)
            return null;
        if (PortList.TryParse(text.Value, out var ports, out var errors, AllPorts))
            return ports;
        foreach (var error in errors)
            configuration.Errors.Add(name, text.Value, error, text.Source);
        return null;
    }

    /// <summary>Reads servers as <c>HOST</c>, <c>HOST:PORT</c> or <c>[IPV6]:PORT</c>; an empty list means no servers.</summary>
    public static ImmutableArray<DnsEndPoint> Servers(
        this LayeredConfiguration configuration, string name, int defaultPort, ImmutableArray<DnsEndPoint> missing)
    {
        if (configuration.Words(name) is not { } text)
            return missing;
        var servers = ImmutableArray.CreateBuilder<DnsEndPoint>();
        foreach (var word in text.Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (HostSyntax.TryParseHostAndPort(word, out var host, out var port))
                servers.Add(new DnsEndPoint(host, port ?? defaultPort));
            else
                configuration.Errors.Add(name, word, HostSyntax.FaultOfHost(word, "must be HOST, HOST:PORT or [IPV6]:PORT"), text.Source);
        }

        if (servers.Count > MaxServers)
            configuration.Errors.Add(name, $"{servers.Count} servers", $"must be at most {MaxServers}", text.Source);
        return servers.DrainToImmutable();
    }
}
