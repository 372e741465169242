using System.Buffers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Targets.Pools;
using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Hub.Targets.Health;

/// <summary>Makes health checks over the network.</summary>
internal sealed class HealthProbe : IHealthProbe
{
    // An answer that says nothing within this many bytes says nothing.
    private const int MaxAnswer = 16 << 10;

    private static readonly (int First, int Last)[] DefaultStatuses = [(200, 399)];

    public async Task<string?> CheckAsync(MemberCheckKey check, CancellationToken limit)
    {
        var phase = new Phase();
        try
        {
            return check.Check.Type == HealthCheckType.Udp
                ? await CheckDatagramAsync(check, phase, limit)
                : await CheckStreamAsync(check, phase, limit);
        }
        catch (OperationCanceledException)
        {
            return $"{phase.Name} time-out";
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode switch
            {
                SocketError.ConnectionRefused => "connection refused",
                SocketError.TimedOut => $"{phase.Name} time-out",
                SocketError.HostUnreachable or SocketError.NetworkUnreachable => "no route",
                _ => $"{phase.Name} failed",
            };
        }
        catch (AuthenticationException)
        {
            return "TLS handshake failed";
        }
        catch (IOException)
        {
            return $"connection lost during {phase.Name}";
        }
    }

    private static async Task<string?> CheckStreamAsync(MemberCheckKey check, Phase phase, CancellationToken limit)
    {
        using var socket = new Socket(check.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(check.Address, limit);
        var settings = check.Check;
        await using var stream = new NetworkStream(socket);
        var header = Header(check.Proxy);
        if (settings.Type == HealthCheckType.Http)
            return await RequestAsync(stream, check, header, phase, limit);
        if (header.Length > 0)
            await stream.WriteAsync(header, limit);
        if (settings.Type == HealthCheckType.Tcp)
            return settings.Send is null && settings.Expect is null ? null : await AskAsync(stream, settings, phase, limit);
        phase.Name = "TLS handshake";
        // Whether the certificate is right matters to those who connect for a client; here the question is whether anybody is there.
        await using var secure = new SslStream(stream, leaveInnerStreamOpen: true, static (_, _, _, _) => true);
        await secure.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = check.Host }, limit);
        return settings.Type == HealthCheckType.Tls ? null : await RequestAsync(secure, check, [], phase, limit);
    }

    private static async Task<string?> AskAsync(Stream stream, HealthCheckDefinition settings, Phase phase, CancellationToken limit)
    {
        phase.Name = "answer";
        if (settings.Send is { } send)
            await stream.WriteAsync(HealthCheckDefinition.Bytes(send), limit);
        var expected = settings.Expect is { } expect ? HealthCheckDefinition.Bytes(expect)! : [];
        var answer = new byte[MaxAnswer];
        for (var length = 0; length < MaxAnswer;)
        {
            var count = await stream.ReadAsync(answer.AsMemory(length), limit);
            if (count == 0)
                return length == 0 ? "no answer" : "unexpected answer";
            length += count;
            if (answer.AsSpan(0, length).IndexOf(expected) >= 0)
                return null;
        }

        return "unexpected answer";
    }

    // The header before the request goes with it, in one segment.
    private static async Task<string?> RequestAsync(
        Stream stream, MemberCheckKey check, byte[] before, Phase phase, CancellationToken limit)
    {
        phase.Name = "answer";
        var host = check.Host.Contains(':', StringComparison.Ordinal) && !check.Host.StartsWith('[') ? $"[{check.Host}]" : check.Host;
        var request = $"GET {check.Check.Path ?? "/"} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: tunnel-hub-check\r\nAccept: */*\r\n"
            + "Connection: close\r\n\r\n";
        await stream.WriteAsync((byte[])[.. before, .. Encoding.ASCII.GetBytes(request)], limit);
        var answer = ArrayPool<byte>.Shared.Rent(MaxAnswer);
        try
        {
            var length = 0;
            // The rest is read too, so that the service does not find its answer cut.
            while (length < MaxAnswer && await stream.ReadAsync(answer.AsMemory(length, MaxAnswer - length), limit) is > 0 and var count)
                length += count;
            if (StatusOf(answer.AsSpan(0, length)) is not { } status)
                return length == 0 ? "no answer" : "the answer is not HTTP";
            var expected =
                check.Check.ExpectStatus is { } written ? HealthCheckDefinition.Statuses(written)!.Value.AsSpan() : DefaultStatuses;
            foreach (var (first, last) in expected)
            {
                if (status >= first && status <= last)
                    return null;
            }

            return $"status {status}";
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(answer);
        }
    }

    private static async Task<string?> CheckDatagramAsync(MemberCheckKey check, Phase phase, CancellationToken limit)
    {
        phase.Name = "answer";
        using var socket = new Socket(check.Address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(check.Address, limit);
        byte[] datagram = [.. Header(check.Proxy), .. HealthCheckDefinition.Bytes(check.Check.Send!)!];
        await socket.SendAsync(datagram, limit);
        var expected = check.Check.Expect is { } expect ? HealthCheckDefinition.Bytes(expect)! : [];
        var answer = new byte[MaxAnswer];
        while (true)
        {
            var count = await socket.ReceiveAsync(answer, limit);
            if (answer.AsSpan(0, count).IndexOf(expected) >= 0)
                return null;
            // Another answer may still come.
            phase.Name = "expected answer";
        }
    }

    // An answer begins with a line such as "HTTP/1.1 200 OK".
    private static int? StatusOf(ReadOnlySpan<byte> answer) =>
        answer.StartsWith("HTTP/1."u8) && answer.Length >= 12 && int.TryParse(answer[9..12], out var status) ? status : null;

    // Says that nobody is behind the connection: LOCAL in version 2, UNKNOWN in version 1.
    private static byte[] Header(ProxyProtocol proxy)
    {
        Span<byte> buffer = stackalloc byte[ProxyV1.MaxLength];
        var length = proxy switch
        {
            ProxyProtocol.V1 => ProxyV1.Write(buffer, null, null),
            ProxyProtocol.V2 => ProxyV2.Write(buffer, null, null, ProxyTransport.Unspecified),
            _ => 0,
        };
        return buffer[..length].ToArray();
    }

    /// <summary>The step that the check is at, for the fault when its time has passed.</summary>
    private sealed class Phase
    {
        public string Name { get; set; } = "connect";
    }
}
