namespace Tunnel.Hub.History;

/// <summary>The traffic of one step of time: rates in bytes a second, and what was open at the step's end.</summary>
internal readonly record struct TrafficPoint(float BytesIn, float BytesOut, int Streams, int Sessions);
