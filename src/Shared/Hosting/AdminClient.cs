using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.ServerSentEvents;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Tunnel.Shared.Files;

namespace Tunnel.Shared.Hosting;

/// <summary>Lets a command reach the running service: by HTTP over its admin socket, or over the network with a key.</summary>
public sealed class AdminClient : IDisposable
{
    // A service that is being replaced is ready before that, or goes on itself.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(70);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private readonly string _program;
    private readonly string _socketPath = "";
    private readonly Uri? _url;
    private readonly HttpClient _http;
    private volatile string? _certificateFault;

    /// <summary>Creates a client of a service on this machine; nothing is connected yet.</summary>
    /// <param name="program">The service's program, for messages: <c>tunnel-hub</c> or <c>tunnel-edge</c>.</param>
    /// <param name="socketPath">The service's admin socket.</param>
    /// <param name="timeout">How long an answer may take; null is 30 s.</param>
    public AdminClient(string program, string socketPath, TimeSpan? timeout = null)
    {
        _program = program;
        _socketPath = socketPath;
        var handler = new SocketsHttpHandler { ConnectCallback = (_, cancellation) => ConnectAsync(cancellation), UseProxy = false };
        _http = new HttpClient(handler) { BaseAddress = new Uri("http://localhost/"), Timeout = timeout ?? TimeSpan.FromSeconds(30) };
    }

    private AdminClient(string program, Uri url, string key, Func<X509Certificate2?, SslPolicyErrors, string?> faultOf, TimeSpan? timeout)
    {
        _program = program;
        _url = url;
        var handler = new SocketsHttpHandler { UseProxy = false };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
            (_certificateFault = faultOf(certificate as X509Certificate2, errors)) is null;
        _http = new HttpClient(handler) { BaseAddress = url, Timeout = timeout ?? TimeSpan.FromSeconds(30) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <summary>Creates a client of a service elsewhere; nothing is connected yet.</summary>
    /// <param name="program">The service's program, for messages.</param>
    /// <param name="url">The URL of its API, without a path.</param>
    /// <param name="key">The API's key.</param>
    /// <param name="faultOf">Checks the certificate; the second argument is the system's own verdict. Returns what is wrong with it, or
    /// null.</param>
    /// <param name="timeout">How long an answer may take; null is 30 s.</param>
    public static AdminClient Remote(
        string program, Uri url, string key, Func<X509Certificate2?, SslPolicyErrors, string?> faultOf, TimeSpan? timeout = null) =>
        new(program, url, key, faultOf, timeout);

    /// <summary>
    /// Sends a request and reads the whole answer, whatever its status. It is sent again while the service says that it has changed
    /// nothing and when to come back (503 with Retry-After, RFC 9110 section 10.2.3), as it does while another process replaces it.
    /// </summary>
    /// <param name="method">The HTTP method.</param>
    /// <param name="path">The path without the leading slash, for example <c>api/v1/status</c>.</param>
    /// <param name="json">The body, or null for none.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <param name="ifMatch">The entity tag of the state that the change is based on, or null.</param>
    /// <param name="ifNoneMatch">Whether the request may only create what does not exist yet.</param>
    /// <exception cref="OperatorException">The service could not be reached; the message says what to do.</exception>
    public async Task<AdminResponse> SendAsync(
        HttpMethod method, string path, string? json, CancellationToken cancellationToken, string? ifMatch = null, bool ifNoneMatch = false)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            using var request = CreateRequest(method, path, json, ifMatch, ifNoneMatch);
            using var response =
                await OpenAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken).ConfigureAwait(false);
            if (response.StatusCode == HttpStatusCode.ServiceUnavailable && response.Headers.RetryAfter?.Delta is { } pause
                && clock.Elapsed < Patience)
            {
                await Task.Delay(pause < LongestPause ? pause : LongestPause, cancellationToken).ConfigureAwait(false);
                continue;
            }

            return new AdminResponse(
                (int)response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false))
            {
                EntityTag = response.Headers.ETag?.Tag,
            };
        }
    }

    /// <summary>Sends a GET request.</summary>
    /// <inheritdoc cref="SendAsync"/>
    public Task<AdminResponse> GetAsync(string path, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, path, null, cancellationToken);

    /// <summary>Reads server-sent events until the service ends them or the connection breaks.</summary>
    /// <param name="path">The path without the leading slash, for example <c>api/v1/events</c>.</param>
    /// <param name="lastEventId">The last event that was seen, to get those missed since; null for new ones only.</param>
    /// <param name="onEvent">Called with each event.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The refusal, or the success with an empty body once the events have ended.</returns>
    /// <exception cref="OperatorException">The service could not be reached; the message says what to do.</exception>
    public async Task<AdminResponse> ReadEventsAsync(
        string path, string? lastEventId, Func<SseItem<string>, Task> onEvent, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (lastEventId is not null)
        {
            request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
        }

        using var response = await OpenAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
        {
            return new AdminResponse(
                (int)response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false));
        }

        try
        {
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await foreach (var item in SseParser.Create(stream).EnumerateAsync(cancellationToken).ConfigureAwait(false))
            {
                await onEvent(item).ConfigureAwait(false);
            }
        }
        catch (HttpIOException)
        {
            // The service is gone, or has disconnected a reader that was too slow; both count as an orderly end.
        }

        return new AdminResponse((int)response.StatusCode, "");
    }

    private static HttpRequestMessage CreateRequest(HttpMethod method, string path, string? json, string? ifMatch, bool ifNoneMatch)
    {
        var request = new HttpRequestMessage(method, path);
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        if (ifMatch is not null)
            request.Headers.IfMatch.Add(new EntityTagHeaderValue(ifMatch));
        if (ifNoneMatch)
            request.Headers.IfNoneMatch.Add(EntityTagHeaderValue.Any);
        return request;
    }

    private async Task<HttpResponseMessage> OpenAsync(
        HttpRequestMessage request, HttpCompletionOption completion, CancellationToken cancellationToken)
    {
        if (_url is not null)
        {
            // With HTTP/2 allowed, the client says by ALPN that it speaks HTTP; the tunnel port takes clients that don't for edges.
            request.Version = HttpVersion.Version20;
            request.VersionPolicy = HttpVersionPolicy.RequestVersionOrLower;
        }

        try
        {
            return await _http.SendAsync(request, completion, cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException error)
        {
            throw new OperatorException(_url is null ? Explain(error) : ExplainRemote(error), error);
        }
        catch (TaskCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new OperatorException(
                $"{_program} did not answer within {_http.Timeout.TotalSeconds:0} s on {_url?.ToString() ?? _socketPath}; its log may "
                + "say why.",
                error);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async ValueTask<Stream> ConnectAsync(CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_socketPath), cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private string Explain(HttpRequestException error) =>
        (error.InnerException as SocketException ?? error.InnerException?.InnerException as SocketException)?.SocketErrorCode switch
        {
            SocketError.AccessDenied =>
                $"No permission for the admin socket {_socketPath}: run this as root, as the user of {_program}, or as a member of the "
                    + "socket's group.",
            SocketError.ConnectionRefused or SocketError.ProtocolType when TypeOf(_socketPath) is { } type and not UnixFileType.Socket =>
                $"The admin socket's path {_socketPath} is a {UnixFile.Name(type)} and not a socket. Name {_program}'s socket with "
                    + "--admin-socket PATH.",
            SocketError.ConnectionRefused =>
                $"{_program} is not running: nobody listens on {_socketPath}. Start it with `{_program} run`.",
            SocketError.AddressNotAvailable or SocketError.HostNotFound or SocketError.AddressFamilyNotSupported =>
                NotFound(),
            _ when TypeOf(_socketPath) is null => NotFound(),
            _ => $"The connection to {_program} on {_socketPath} broke: {error.Message}",
        };

    private string ExplainRemote(HttpRequestException error) => error switch
    {
        _ when _certificateFault is { } fault => $"The hub at {_url} can't be trusted: {fault}. Nothing was sent to it.",
        { HttpRequestError: HttpRequestError.NameResolutionError } => $"{_url} can't be reached: there is no address for {_url!.Host}.",
        { HttpRequestError: HttpRequestError.ConnectionError } =>
            $"{_url} can't be reached: {error.InnerException?.Message ?? error.Message}. Is the API on there (adminListen or "
                + "adminOnTunnelPort), and the way to it open?",
        { HttpRequestError: HttpRequestError.SecureConnectionError } =>
            $"{_url} did not complete TLS: {error.InnerException?.Message ?? error.Message}. The hub lets nobody in whom its "
                + "adminAllowCidrs does not name.",
        _ => $"The connection to {_url} broke: {error.Message}",
    };

    private static UnixFileType? TypeOf(string path)
    {
        try
        {
            return UnixFile.At(path)?.Type;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private string NotFound() =>
        $"{_program} is not running, or uses another admin socket: there is no {_socketPath}. Start it with `{_program} run`, or name "
            + "its socket with --admin-socket PATH.";
}
