import { createFeedback, feedbackGive, type RouteReplyOf } from '@hone/contracts';
import { Mesh } from '@hone/mesh';
import { Controller } from '@nestjs/common';
import { idFor } from '../http/idempotent-id.js';
import { Ask, type Asked, Serve } from '../http/serve.js';

@Controller()
export class FeedbackController {
  readonly #mesh: Mesh;

  constructor(mesh: Mesh) {
    this.#mesh = mesh;
  }

  @Serve(createFeedback)
  async create(@Ask() { body, request }: Asked<typeof createFeedback>): Promise<RouteReplyOf<typeof createFeedback>> {
    const { turn, rating, correction, comment, user } = body;
    const given = await this.#mesh.request(feedbackGive, {
      id: idFor('fb', request),
      turn,
      rating,
      ...(correction == null ? {} : { correction }),
      ...(comment == null ? {} : { comment }),
      ...(user == null ? {} : { user }),
    });
    return {
      id: given.id,
      object: 'feedback',
      turn: given.turn,
      rating: given.rating,
      has_correction: given.correction !== undefined,
      created_at: given.createdAt,
    };
  }
}
