using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Tunnel.Shared.Hosting;

/// <summary>
/// Tells the service manager how the service is (sd_notify(3)), over the datagram socket that <c>NOTIFY_SOCKET</c> names. Does nothing where there is
/// none. It never throws: a service does not fail because its manager does not listen.
/// </summary>
public sealed class SystemdNotifier : IServiceNotifier, IDisposable
{
    private readonly Socket? _socket;
    private readonly UnixDomainSocketEndPoint? _target;

    /// <summary>Made from the process's environment.</summary>
    public SystemdNotifier()
        : this(Environment.GetEnvironmentVariable)
    {
    }

    internal SystemdNotifier(Func<string, string?> environment)
    {
        WatchdogInterval = ReadWatchdogInterval(environment);
        if (environment("NOTIFY_SOCKET") is { Length: > 1 } path && path[0] is '/' or '@')
        {
            // "@" stands for the leading zero byte of an abstract address.
            _target = new UnixDomainSocketEndPoint(path[0] == '@' ? "\0" + path[1..] : path);
            _socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
        }
    }

    /// <inheritdoc/>
    public TimeSpan? WatchdogInterval { get; }

    /// <inheritdoc/>
    public void Ready(string status) => Send($"READY=1\nSTATUS={OneLine(status)}");

    /// <inheritdoc/>
    public void Status(string status) => Send($"STATUS={OneLine(status)}");

    /// <inheritdoc/>
    public void Stopping(string status) => Send($"STOPPING=1\nSTATUS={OneLine(status)}");

    /// <inheritdoc/>
    public void Watchdog() => Send("WATCHDOG=1");

    /// <inheritdoc/>
    public void Dispose() => _socket?.Dispose();

    // Half of the limit, as sd_watchdog_enabled(3) recommends. WATCHDOG_PID names whom the limit is for: not a child that inherited it.
    private static TimeSpan? ReadWatchdogInterval(Func<string, string?> environment)
    {
        var forOther = environment("WATCHDOG_PID") is { Length: > 0 } pid && pid != Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        return !forOther && long.TryParse(environment("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit > 1
            ? TimeSpan.FromMicroseconds(limit / 2.0)
            : null;
    }

    // A new line would start another assignment.
    private static string OneLine(string status) => status.ReplaceLineEndings(" ");

    private void Send(string message)
    {
        try
        {
            _socket?.SendTo(Encoding.UTF8.GetBytes(message), _target!);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The manager is gone or does not read: nothing that the service could do about it.
        }
    }
}
