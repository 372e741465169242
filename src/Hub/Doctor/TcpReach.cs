using System.Net;
using System.Net.Sockets;

namespace Tunnel.Hub.Doctor;

/// <summary>Makes a TCP connection and closes it again; a failure is the exception of a socket.</summary>
internal delegate Task TcpConnector(IPEndPoint address, CancellationToken cancellationToken);

/// <summary>Resolves a name to addresses.</summary>
internal delegate Task<IPAddress[]> NameLookup(string name, CancellationToken cancellationToken);

/// <summary>Finds out whether a TCP address accepts connections.</summary>
internal static class TcpReach
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    /// <summary>Connects with the system's sockets.</summary>
    public static async Task ConnectAsync(IPEndPoint address, CancellationToken cancellationToken)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(address, cancellationToken);
    }

    /// <summary>Tries an address. Returns null when the connection was accepted, else why not.</summary>
    public static async Task<string?> FaultAsync(
        TcpConnector connect, IPEndPoint address, TimeProvider time, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await connect(address, either.Token);
            return null;
        }
        catch (SocketException error)
        {
            return error.Message;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"no answer within {Limit.TotalSeconds:0} s";
        }
    }

    /// <summary>Resolves a name; an address is returned as it is.</summary>
    public static async Task<(IPAddress[] Addresses, string? Fault)> ResolveAsync(
        NameLookup lookup, string host, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(host, out var literal))
            return ([literal], null);
        try
        {
            var found = await lookup(host, cancellationToken);
            return (found, found.Length == 0 ? "it has no address" : null);
        }
        catch (SocketException error)
        {
            return ([], error.Message);
        }
    }
}
