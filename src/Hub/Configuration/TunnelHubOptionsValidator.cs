using System.Collections.Immutable;
using System.Globalization;
using Tunnel.Hub.Certificates;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Configuration;
using Tunnel.Shared.Files;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Configuration;

/// <summary>Checks the hub's settings and reports all faults at once. It does not matter here where the settings come from.</summary>
public static class TunnelHubOptionsValidator
{
    /// <summary>Adds an error for each setting that is not valid.</summary>
    public static void Validate(TunnelHubOptions options, ConfigurationErrors errors)
    {
        Check("tunnelPort", options.TunnelPort, SettingRange.TunnelPort, errors);
        if (!HostSyntax.TryParseAddress(options.BindAddress, out _))
            errors.Add("bindAddress", options.BindAddress, HostSyntax.FaultOf(options.BindAddress, HostSyntax.ValidAddress));
        if (!HostSyntax.IsHost(options.TargetHost))
            errors.Add("targetHost", options.TargetHost, HostSyntax.FaultOfHost(options.TargetHost, HostSyntax.ValidHost));
        if (options.PublicHost is { } host && !HostSyntax.TryParseHostAndPort(host, out _, out _))
            errors.Add("publicHost", host, HostSyntax.FaultOfHost(host, HostSyntax.ValidHostAndPort));
        if (options.AdminListen is { } listen && !AdminListen.TryParse(listen, out _))
            errors.Add("adminListen", listen, AdminListen.FaultOf(listen));
        CheckPath("stateDir", options.StateDir, errors);
        if (options.State?.FindFault() is { } fault)
            errors.Add("state", ConfigurationError.Masked, fault);
        CheckPath("adminSocket", options.AdminSocket, errors);
        Check("drainTimeout", options.DrainTimeout.TotalSeconds, SettingRange.DrainTimeout, errors);
        Check("resumeGrace", options.ResumeGrace.TotalSeconds, SettingRange.ResumeGrace, errors);
        if (!CongestionControl.IsValid(options.CongestionControl))
            errors.Add("congestionControl", options.CongestionControl, CongestionControl.Valid);
        FlowControlSettings.Check(options.Windows, errors);
        CheckTls(options.Tls, errors);
        CheckLimits(options.Limits, errors);
        foreach (var edge in ValidateEdges(options))
            errors.Add(edge.Path, edge.Value, edge.Message);
    }

    /// <summary>
    /// Returns the faults of the edges. Only the state shows whether an edge needs a secret, since it may have one there.
    /// </summary>
    internal static ImmutableArray<Fault> ValidateEdges(TunnelHubOptions options) =>
        EdgeSetValidator.Validate(options.Edges, hasSecret: _ => true, options.Limits.Edges, "edges").ErrorList;

    private static void CheckTls(TlsOptions tls, ConfigurationErrors errors)
    {
        if ((tls.CertPem is null) != (tls.KeyPem is null))
        {
            var missing = tls.CertPem is null ? "tls.certPem" : "tls.keyPem";
            errors.Add(
                missing, null,
                "certificate and key go together: give both tls.certPem and tls.keyPem, or none for a certificate of the hub's own");
        }

        CheckFile("tls.certPem", tls.CertPem, errors);
        CheckFile("tls.keyPem", tls.KeyPem, errors);
    }

    private static void CheckLimits(HubLimits limits, ConfigurationErrors errors)
    {
        Check("limits.unauthenticated", limits.Unauthenticated, SettingRange.Connections, errors);
        Check("limits.perAddress", limits.PerAddress, SettingRange.Connections, errors);
        Check("limits.authTimeout", limits.AuthTimeout.TotalSeconds, SettingRange.AuthTimeout, errors);
        Check("limits.failedTriesPerMinute", limits.FailedTriesPerMinute, SettingRange.Tries, errors);
        Check("limits.edges", limits.Edges, SettingRange.Edges, errors);
        Check("limits.streamsPerEdge", limits.StreamsPerEdge, SettingRange.Streams, errors);
        Check("limits.lanesPerTunnel", limits.LanesPerTunnel, SettingRange.Lanes, errors);
        Check("limits.memoryBudget", limits.MemoryBudget, SettingRange.Memory, errors);
    }

    private static void Check(string setting, double value, SettingRange range, ConfigurationErrors errors)
    {
        if (!range.Contains(value))
            errors.Add(setting, value.ToString(CultureInfo.InvariantCulture), range.Valid);
    }

    private static void CheckPath(string setting, string path, ConfigurationErrors errors)
    {
        if (path.Length == 0 || path.Contains('\0', StringComparison.Ordinal))
            errors.Add(setting, path, "must be a path");
    }

    private static void CheckFile(string setting, PemSource? source, ConfigurationErrors errors)
    {
        if (source?.Path is { } file && UnixFile.FaultOfFile(file) is { } fault)
        {
            errors.Add(
                setting, file.Contains('\n', StringComparison.Ordinal) ? ConfigurationError.Masked : file,
                $"{fault}; it must be a file, or PEM text that begins with -----BEGIN");
        }
    }
}
