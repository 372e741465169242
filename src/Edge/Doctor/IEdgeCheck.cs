using Tunnel.Shared.Checks;

namespace Tunnel.Edge.Doctor;

/// <summary>A check of one thing that an edge needs.</summary>
internal interface IEdgeCheck : ICheck<DoctorContext>;
