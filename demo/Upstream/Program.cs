using System.Net;
using System.Net.Sockets;
using Tunnel.Demo.Upstream;

// This stands behind the hub in `./tunnel demo`: an HTTP server and a UDP echo that tell each client the address they know it by; and,
// where there is no nc, a client that sends a datagram from the address that it is told to.
try
{
    switch (args)
    {
        case ["ask", var from, var server, var text] when IPAddress.TryParse(from, out var own)
            && IPEndPoint.TryParse(server, out var target):
            Console.Write(await Question.AskAsync(own, target, text));
            return 0;
        case [var host, var http, var udp] when IPAddress.TryParse(host, out var address)
            && ushort.TryParse(http, out var httpPort) && ushort.TryParse(udp, out var udpPort):
            using (var web = new HelloServer(new IPEndPoint(address, httpPort)))
            using (var echo = new EchoServer(new IPEndPoint(address, udpPort)))
            {
                await Task.WhenAny(web.RunAsync(), echo.RunAsync()).Unwrap();
            }

            return 0;
        default:
            Console.Error.WriteLine("usage: demo-upstream ADDRESS HTTP-PORT UDP-PORT");
            Console.Error.WriteLine("       demo-upstream ask FROM-ADDRESS TO-ADDRESS:PORT TEXT");
            return 2;
    }
}
catch (Exception error) when (error is SocketException or OperationCanceledException)
{
    Console.Error.WriteLine($"demo-upstream {string.Join(' ', args)}: {error.Message}");
    return 1;
}
