using Microsoft.Extensions.Logging;

namespace Tunnel.Edge.Firewall;

/// <summary>Events 5500–5549.</summary>
internal static partial class FirewallLog
{
    [LoggerMessage(5500, LogLevel.Information, "The firewall is in force; sources that are blocked: {Blocked} {Notes}")]
    public static partial void Applied(ILogger logger, int blocked, string notes);

    [LoggerMessage(
        5501, LogLevel.Warning, "The hub's firewall can't be put in force here: {Reason}. Everything else works; the hub is told")]
    public static partial void Unavailable(ILogger logger, string reason);

    [LoggerMessage(5502, LogLevel.Warning, "The hub's firewall is not as the hub has asked ({State}): {Errors}")]
    public static partial void NotApplied(ILogger logger, string state, string errors);

    [LoggerMessage(
        5503, LogLevel.Warning,
        "With the hub's new firewall no new connection to the hub was possible ({Fault}), so the previous one is in force again")]
    public static partial void RolledBack(ILogger logger, string fault);

    [LoggerMessage(5504, LogLevel.Error, "The hub's new firewall could not be taken back as it should: {Error}")]
    public static partial void RollBackFailed(ILogger logger, string error);

    [LoggerMessage(
        5505, LogLevel.Information, "The hub sends a firewall, but this edge's setting \"firewall\" is off, so it is not put in force")]
    public static partial void SwitchedOff(ILogger logger);

    [LoggerMessage(5506, LogLevel.Warning, "A firewall table of an earlier run of this edge was still there and has been removed")]
    public static partial void LeftoverRemoved(ILogger logger);

    [LoggerMessage(5507, LogLevel.Warning, "The firewall table {Table} was changed by somebody else ({What}) and has been put back")]
    public static partial void DriftMended(ILogger logger, string table, string what);

    [LoggerMessage(
        5508, LogLevel.Error,
        "The firewall table {Table} could not be removed ({Error}). Remove it by hand: nft delete table inet {Table}")]
    public static partial void RemovalFailed(ILogger logger, string table, string error);

    [LoggerMessage(5509, LogLevel.Information, "Open connections that were reset, since their sources are blocked now: {Count}")]
    public static partial void BlockedReset(ILogger logger, int count);

    [LoggerMessage(5510, LogLevel.Error, "The firewall table {Table} was changed by somebody else ({What}) and can't be put back: {Error}")]
    public static partial void DriftNotMended(ILogger logger, string table, string what, string error);

    [LoggerMessage(
        5511, LogLevel.Error, "The packet filter could not take the changed protectedPorts, and this is tried again every 15 s: {Error}")]
    public static partial void PortsNotProtected(ILogger logger, string error);
}
