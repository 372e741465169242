using Examples;
using Tunnel.Hub.Serving;

// The application is served at the edge's public port: the hub gives Kestrel the clients' streams, and nothing listens here.
var port = args.Length > 0 ? int.Parse(args[0]) : 8080;
await using var tunnel = new LocalTunnel();
var builder = WebApplication.CreateSlimBuilder();
builder.WebHost.UseTunnel(tunnel.Hub, $"tcp/{port}");
var app = builder.Build();
app.MapGet("/", (HttpContext http) => $"Hello {http.Connection.RemoteIpAddress}, this is connection {http.Connection.Id}\n");
app.MapPost("/length", async (HttpContext http) => $"{(await new StreamReader(http.Request.Body).ReadToEndAsync()).Length}\n");
await app.StartAsync();
await tunnel.StartAsync(port);
Console.WriteLine($"serving http://127.0.0.1:{port}/ through the tunnel");
await app.WaitForShutdownAsync();
