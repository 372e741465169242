using System.Net.Sockets;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.Hosting.Replacing;

/// <summary>
/// The side of the process that replaces another one: asks it over its admin socket for what it has. Disposing it before
/// <see cref="FinishAsync"/> lets the other one go on.
/// </summary>
public sealed class TakeOver : IDisposable
{
    private const int MaxAnswer = 4096;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Socket _socket;
    private readonly string _path;
    private readonly List<Socket> _sockets = [];
    private SafeFileHandle? _lock;
    private string _name = "";

    private TakeOver(Socket socket, string path) => (_socket, _path) = (socket, path);

    /// <summary>
    /// Begins where this process is to replace another one: the one that started it for that, or the one that its operator wants to take
    /// over from, if there is one.
    /// </summary>
    /// <param name="socketPath">The admin socket.</param>
    /// <param name="wanted">Whether the operator wants it.</param>
    /// <returns>Null when there is none to replace.</returns>
    /// <exception cref="OperatorException">The process does not hand over, or it is gone; the message says why.</exception>
    public static TakeOver? BeginIfWanted(string socketPath, bool wanted)
    {
        var replaces = Successor.IsThis();
        var takeOver = replaces || wanted ? Begin(socketPath) : null;
        return takeOver is not null || !replaces
            ? takeOver
            : throw new OperatorException(
                $"This process was started to replace the one behind {socketPath}, and none answers there.");
    }

    /// <summary>Asks the process behind an admin socket for its sockets and its state.</summary>
    /// <param name="socketPath">The admin socket.</param>
    /// <returns>Null when no process serves there.</returns>
    /// <exception cref="OperatorException">The process does not hand over; the message says why.</exception>
    public static TakeOver? Begin(string socketPath)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
        {
            ReceiveTimeout = (int)Patience.TotalMilliseconds,
        };
        var takeOver = new TakeOver(socket, socketPath);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(socketPath));
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            takeOver.Dispose();
            return null;
        }

        try
        {
            takeOver.Ask();
            takeOver.Receive();
            return takeOver;
        }
        catch (SocketException e)
        {
            takeOver.Dispose();
            throw new OperatorException($"The process behind {socketPath} did not hand over what it has: {e.Message}", e);
        }
        catch
        {
            takeOver.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Returns what this process has of the one before: what came from the one that it replaces, and what systemd has kept. It belongs to
    /// the caller.
    /// </summary>
    /// <param name="takeOver">The hand-over; null when no process is replaced.</param>
    public static Inheritance Inherit(TakeOver? takeOver) => takeOver is null
        ? new() { Sockets = SystemdSocketKeeper.OpenStore() }
        : new()
        {
            Sockets = new SocketStore([.. takeOver._sockets, .. InheritedSockets.Take()], SystemdSocketKeeper.Find()),
            StateLock = takeOver._lock,
            Replaces = takeOver._name,
        };

    /// <summary>
    /// Says that this process serves, and waits until the other one only drains and the service manager knows this one as the service's.
    /// </summary>
    /// <exception cref="OperatorException">The other process goes on instead.</exception>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _socket.SendAsync(new[] { HandOverProtocol.Ready }, SocketFlags.None, cancellationToken).ConfigureAwait(false);
            var answer = new byte[1];
            if (await _socket.ReceiveAsync(answer, SocketFlags.None, cancellationToken).ConfigureAwait(false) == 1
                && answer[0] == HandOverProtocol.Done)
            {
                return;
            }
        }
        catch (SocketException)
        {
        }

        throw Broken();
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private void Ask()
    {
        var request = $"POST {HandOverProtocol.Path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
            + $"Upgrade: {HandOverProtocol.Name}\r\nContent-Length: 0\r\n\r\n";
        _socket.Send(Encoding.ASCII.GetBytes(request));

        // The head is read byte by byte, since the first descriptor comes right behind it.
        var head = new List<byte>();
        Span<byte> next = stackalloc byte[1];
        while (!head.TakeLast(4).SequenceEqual("\r\n\r\n"u8.ToArray()))
        {
            if (head.Count > MaxAnswer || _socket.Receive(next) != 1)
                throw Broken();
            head.Add(next[0]);
        }

        var status = Encoding.ASCII.GetString([.. head]).Split(' ') is [_, var code, ..] ? code : "";
        if (status != "101")
            throw Refused(status);
        _socket.Send([HandOverProtocol.Begin]);
    }

    private void Receive()
    {
        Span<byte> what = stackalloc byte[1];
        while (NativeDescriptors.Receive(_socket.SafeHandle, what, out var descriptor) == 1)
        {
            switch (what[0])
            {
                case HandOverProtocol.Socket when descriptor >= 0:
                    _sockets.Add(new Socket(new SafeSocketHandle(descriptor, ownsHandle: true)));
                    break;
                case HandOverProtocol.Lock when descriptor >= 0:
                    _lock = new SafeFileHandle(descriptor, ownsHandle: true);
                    break;
                case HandOverProtocol.End:
                    var name = new byte[ReceiveAll(what)[0]];
                    _name = Encoding.UTF8.GetString(ReceiveAll(name));
                    return;
                default:
                    throw Broken();
            }
        }

        throw Broken();
    }

    private Span<byte> ReceiveAll(Span<byte> buffer)
    {
        for (var filled = 0; filled < buffer.Length;)
        {
            if (_socket.Receive(buffer[filled..]) is > 0 and var count)
                filled += count;
            else
                throw Broken();
        }

        return buffer;
    }

    private OperatorException Refused(string status) => new(status switch
    {
        "403" => $"The process behind {_path} runs as another user, and does not hand over what it has to this one.",
        "503" => $"The process behind {_path} is stopping: start this one once it has ended.",
        "409" => $"The process behind {_path} is being replaced already.",
        _ => $"The process behind {_path} is of a version that can't be replaced while it runs: restart the service.",
    });

    private OperatorException Broken() =>
        new($"The process behind {_path} goes on: it ended the hand-over, or is gone.");
}
