using System.Net;
using System.Net.Sockets;
using Tunnel.Demo.Upstream;

// What stands behind the hub in `./tunnel demo`: an HTTP server and a UDP echo that tell each client the address they know it by.
if (args is not [var host, var http, var udp] || !IPAddress.TryParse(host, out var address)
    || !ushort.TryParse(http, out var httpPort) || !ushort.TryParse(udp, out var udpPort))
{
    Console.Error.WriteLine("usage: demo-upstream ADDRESS HTTP-PORT UDP-PORT");
    return 2;
}

try
{
    using var web = new HelloServer(new IPEndPoint(address, httpPort));
    using var echo = new EchoServer(new IPEndPoint(address, udpPort));
    await Task.WhenAny(web.RunAsync(), echo.RunAsync()).Unwrap();
    return 0;
}
catch (SocketException error)
{
    Console.Error.WriteLine($"demo-upstream on {address}, TCP {httpPort} and UDP {udpPort}: {error.Message}");
    return 1;
}
