using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Edges.Definitions;

namespace Tunnel.Hub.Accepting;

internal static partial class AcceptingLog
{
    [LoggerMessage(2000, LogLevel.Information, "Edges connect to {EndPoint}; the certificate's pin is {Pin}")]
    public static partial void Listening(ILogger logger, IPEndPoint endPoint, string pin);

    [LoggerMessage(2001, LogLevel.Warning, "IPv6 is off on this machine; bindAddress '{Address}' means 0.0.0.0")]
    public static partial void NoIPv6(ILogger logger, string address);

    [LoggerMessage(2002, LogLevel.Information, "The hub made itself a certificate, which is kept in {Path}")]
    public static partial void CertificateMade(ILogger logger, string path);

    [LoggerMessage(2003, LogLevel.Warning, "A connection could not be accepted ({Error}); it is tried again")]
    public static partial void AcceptFailed(ILogger logger, string error);

    [LoggerMessage(2004, LogLevel.Debug, "{Remote} was turned away: {Reason} ({Detail})")]
    public static partial void TurnedAway(ILogger logger, IPEndPoint remote, RefusalReason reason, string detail);

    [LoggerMessage(2009, LogLevel.Debug, "{Remote} left without a word")]
    public static partial void Left(ILogger logger, IPEndPoint remote);

    [LoggerMessage(2005, LogLevel.Warning, "{Remote} failed to authenticate as edge '{EdgeId}'")]
    public static partial void Unauthorized(ILogger logger, IPEndPoint remote, string edgeId);

    [LoggerMessage(
        2006, LogLevel.Warning, "{Remote} failed to authenticate as edge '{EdgeId}' too often; its failures are not logged for a minute")]
    public static partial void Blocked(ILogger logger, IPEndPoint remote, string edgeId);

    [LoggerMessage(2007, LogLevel.Error, "A connection of {Remote} ended by an error of the hub. Please report this.")]
    public static partial void Defect(ILogger logger, Exception exception, IPEndPoint remote);

    [LoggerMessage(2008, LogLevel.Debug, "{Remote} authenticated as edge '{EdgeId}'")]
    public static partial void Authenticated(ILogger logger, IPEndPoint remote, string edgeId);

    [LoggerMessage(2020, LogLevel.Information, "Edges may come over QUIC too, at UDP {EndPoint} (libmsquic {Version})")]
    public static partial void QuicListening(ILogger logger, IPEndPoint endPoint, Version version);

    [LoggerMessage(2021, LogLevel.Information, "QUIC is off, edges come over TLS: {Reason}. To switch it on, {Hint}, and restart the hub")]
    public static partial void QuicMissing(ILogger logger, string reason, string hint);

    [LoggerMessage(
        2022, LogLevel.Warning,
        "QUIC is off, edges come over TLS: UDP {EndPoint} can't be used ({Error}). Free the port and restart the hub, or set quic to "
        + "false")]
    public static partial void QuicFailed(ILogger logger, IPEndPoint endPoint, string error);

    [LoggerMessage(2023, LogLevel.Information, "QUIC is off, edges come over TLS: the setting quic is false")]
    public static partial void QuicSwitchedOff(ILogger logger);

    [LoggerMessage(2024, LogLevel.Information, "The next certificate was made and is kept in {Path}; edges are told its pin {Pin}")]
    public static partial void NextCertificateMade(ILogger logger, string path, string pin);

    [LoggerMessage(2032, LogLevel.Information, "The next certificate was taken and is kept in {Path}; edges are told its pin {Pin}")]
    public static partial void NextCertificateTaken(ILogger logger, string path, string pin);

    [LoggerMessage(2025, LogLevel.Warning, "The hub's certificate has changed: its pin is {Pin} from now on")]
    public static partial void CertificateSwitched(ILogger logger, string pin);

    [LoggerMessage(
        2026, LogLevel.Error,
        "QUIC goes on with the previous certificate, since the new one can't be used ({Error}): edges that know only the new "
        + "pin come over TLS")]
    public static partial void QuicCertificateFailed(ILogger logger, string error);

    [LoggerMessage(
        2027, LogLevel.Information,
        "The certificate's files have another key, with the pin {Pin}: the edges are told, and it is used in a moment")]
    public static partial void CertificateOffered(ILogger logger, string pin);

    [LoggerMessage(
        2028, LogLevel.Warning, "The certificate's files have changed and can't be used, so the hub goes on with what it has: {Fault}")]
    public static partial void CertificateNotTaken(ILogger logger, string fault);

    [LoggerMessage(
        2029, LogLevel.Warning,
        "Edges that have not been told of the hub's new key, and need new tokens if theirs name its pin only: {Edges}")]
    public static partial void EdgesNotTold(ILogger logger, string edges);

    [LoggerMessage(2030, LogLevel.Error, "Looking at the certificate's files failed by an error of the hub. Please report this.")]
    public static partial void CertificateWatchFailed(ILogger logger, Exception defect);

    [LoggerMessage(2031, LogLevel.Warning, "Edge {Edge} can't be dialled at {Target}: {Fault}; next try in {Delay:0.0} s")]
    public static partial void DialFailed(ILogger logger, string edge, DialTarget target, string fault, double delay);

    [LoggerMessage(2033, LogLevel.Information, "Edge {Edge} moves to {Target}: what is open goes on as it is")]
    public static partial void EdgeMoves(ILogger logger, string edge, DialTarget target);
}
