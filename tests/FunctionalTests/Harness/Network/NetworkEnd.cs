using System.Net;
using System.Net.Sockets;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Harness.Network;

/// <summary>A network namespace, and the programs that run in it.</summary>
/// <param name="Name">The name for <c>ip netns</c>.</param>
/// <param name="Address">Its address on the link.</param>
public sealed record NetworkEnd(string Name, IPAddress Address)
{
    private static readonly TimeSpan OpenLimit = TimeSpan.FromSeconds(60);

    /// <summary>
    /// A file that its programs see as the kernel's boot id, so that they are on a machine of their own as far as they can tell; null: they
    /// see the kernel's.
    /// </summary>
    public string? BootId { get; init; }

    /// <summary>False once the namespace was removed.</summary>
    public bool Exists => File.Exists(Path);

    private string Path => "/run/netns/" + Name;

    /// <summary>
    /// The program and arguments that run a program in here; <c>ip</c> becomes the program, so the process id is the program's.
    /// </summary>
    public (string Program, string[] Arguments) Command(string program, params IEnumerable<string> arguments) =>
        (DebianProgram.Ip, ["netns", "exec", Name, .. Mounting, program, .. arguments]);

    // ip has made a mount namespace for the program, so nobody else sees this mount.
    private string[] Mounting => BootId is null
        ? []
        : ["/bin/sh", "-c", "mount --bind \"$0\" /proc/sys/kernel/random/boot_id && exec \"$@\"", BootId];

    /// <summary>Starts a program in here.</summary>
    public ManagedProcess Start(string name, string program, params IEnumerable<string> arguments)
    {
        var (ip, all) = Command(program, arguments);
        return ManagedProcess.Start(name, ip, all);
    }

    /// <summary>Makes a socket of the test itself that lives in here.</summary>
    public Socket CreateSocket(SocketType type) => NamespaceThread.Run(
        Path, () => new Socket(AddressFamily.InterNetwork, type, type == SocketType.Dgram ? ProtocolType.Udp : ProtocolType.Tcp));

    /// <summary>Makes one that is bound, by default to a port that is free, and listens.</summary>
    public Socket Bind(SocketType type, IPAddress? address = null, int port = 0)
    {
        var socket = CreateSocket(type);
        socket.Bind(new IPEndPoint(address ?? Address, port));
        if (type == SocketType.Stream)
            socket.Listen();
        return socket;
    }

    /// <summary>Opens a client's connection to a port of an edge in here, and returns it with the one that the hub made for it.</summary>
    /// <param name="upstream">Where the hub's connection comes out, in whichever namespace.</param>
    /// <param name="port">The port.</param>
    public async Task<StreamPair> OpenAsync(Socket upstream, int port)
    {
        var client = CreateSocket(SocketType.Stream);
        client.NoDelay = true;
        await client.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port)).WaitAsync(OpenLimit);
        var server = await upstream.AcceptAsync().WaitAsync(OpenLimit);
        server.NoDelay = true;
        return new StreamPair(client, server);
    }
}
